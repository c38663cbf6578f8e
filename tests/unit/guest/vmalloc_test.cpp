// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/kho/vmalloc.h"

#include "guest/kho/preserve.h"
#include "tests/unit/guest/machine.h"

namespace guest {
namespace {

using kho::PhysAddr;
using kho::abi::kho_vmalloc;
using kho::abi::vmalloc_chunk;

std::vector<std::byte *> data_pages(const Machine &m, const kho_vmalloc &area) {
    std::vector<std::byte *> pages;
    VmallocCursor cursor(m.window(), area);
    while (std::byte *page = cursor.next_page()) pages.push_back(page);
    return pages;
}

TEST(Vmalloc, AnAreaOfAnySizeComesThroughAndLeaksNothing) {
    for (const std::uint64_t pages : {1u, 2u, 510u, 511u, 512u, 1022u, 1023u}) {
        Machine m;
        const Pages::Counts before = m.pages.counts();
        const Result<kho_vmalloc> area = allocate_vmalloc(m.pages, pages * kho::page_size - 5);
        ASSERT_TRUE(area) << pages;
        EXPECT_EQ(area->total_pages, pages);
        EXPECT_EQ(area->flags, kho::abi::kho_vmalloc_alloc);
        EXPECT_EQ(data_pages(m, *area).size(), pages);
        std::uint64_t i = 0;
        for (std::byte *page : data_pages(m, *area)) *reinterpret_cast<std::uint64_t *>(page) = i++;
        m.kexec();
        Place place;
        ASSERT_EQ(check_vmalloc(m.pages, *area, place), Errno::ok) << pages << ": " << name(place.fault);
        i = 0;
        for (const std::byte *page : data_pages(m, *area))
            EXPECT_EQ(*reinterpret_cast<const std::uint64_t *>(page), i++);
        restore_free_vmalloc(m.pages, *area);
        EXPECT_EQ(m.pages.counts(), before) << pages;
    }
}

TEST(Vmalloc, FreeingInTheSameKernelGivesEverythingBack) {
    Machine m;
    const Pages::Counts before = m.pages.counts();
    const Result<kho_vmalloc> area = allocate_vmalloc(m.pages, 600 * kho::page_size);
    ASSERT_TRUE(area);
    EXPECT_EQ(m.pages.counts().preserved, 602u);
    free_vmalloc(m.pages, *area);
    EXPECT_EQ(m.pages.counts(), before);
}

TEST(Vmalloc, EveryFailedAllocationIsUndone) {
    Machine m;
    kho_vmalloc area{};
    fail_every_allocation(
        m.pages,
        [&] {
            const Result<kho_vmalloc> made = allocate_vmalloc(m.pages, 515 * kho::page_size);
            area = *made;
            return made.error();
        },
        [&] { free_vmalloc(m.pages, area); });
}

TEST(Vmalloc, NothingAndTooMuchAreRefused) {
    Machine m;
    EXPECT_EQ(allocate_vmalloc(m.pages, 0).error(), Errno::einval);
    EXPECT_EQ(allocate_vmalloc(m.pages, std::uint64_t{1} << 45).error(), Errno::efbig);
}

// Each case damages a sound area of three pages as the next kernel finds it.
TEST(Vmalloc, AMalformedAreaIsRefusedWithItsOwnFault) {
    struct Case {
        const char *what;
        Fault expected;
        void (*damage)(Machine &m, kho_vmalloc &area, vmalloc_chunk &chunk);
    } const cases[] = {
        {"an unknown flag", Fault::vmalloc_flags,
         [](Machine &, kho_vmalloc &area, vmalloc_chunk &) { area.flags = 4; }},
        {"an order beyond any folio", Fault::vmalloc_order,
         [](Machine &, kho_vmalloc &area, vmalloc_chunk &) { area.order = 11; }},
        {"a huge order", Fault::vmalloc_order,
         [](Machine &, kho_vmalloc &area, vmalloc_chunk &) { area.order = 0xffff; }},
        {"a page count that is not a multiple of the order", Fault::vmalloc_order,
         [](Machine &, kho_vmalloc &area, vmalloc_chunk &) { area.order = 1; }},
        {"fewer pages than the chain has", Fault::vmalloc_length,
         [](Machine &, kho_vmalloc &area, vmalloc_chunk &) { area.total_pages = 2; }},
        {"more pages than the chain has", Fault::vmalloc_length,
         [](Machine &, kho_vmalloc &area, vmalloc_chunk &) { area.total_pages = 4; }},
        {"no chain at all", Fault::vmalloc_length,
         [](Machine &, kho_vmalloc &area, vmalloc_chunk &) { area.first = 0; }},
        {"a chain that ends early", Fault::vmalloc_length,
         [](Machine &, kho_vmalloc &, vmalloc_chunk &chunk) { chunk.pages[1] = 0; }},
        {"a chunk outside of RAM", Fault::vmalloc_not_preserved,
         [](Machine &, kho_vmalloc &area, vmalloc_chunk &) { area.first = std::uint64_t{1} << 40; }},
        {"an unaligned chunk", Fault::vmalloc_not_preserved,
         [](Machine &, kho_vmalloc &area, vmalloc_chunk &) { area.first += 8; }},
        {"a chunk in free memory", Fault::vmalloc_not_preserved,
         [](Machine &, kho_vmalloc &area, vmalloc_chunk &) { area.first = 0x2000000; }},
        {"a page in free memory", Fault::vmalloc_not_preserved,
         [](Machine &, kho_vmalloc &, vmalloc_chunk &chunk) { chunk.pages[1] = 0x2000000; }},
        {"a page outside of RAM", Fault::vmalloc_not_preserved,
         [](Machine &, kho_vmalloc &, vmalloc_chunk &chunk) { chunk.pages[2] = ~std::uint64_t{0xfff}; }},
        {"a page of another order", Fault::vmalloc_not_preserved,
         [](Machine &m, kho_vmalloc &, vmalloc_chunk &chunk) {
             EXPECT_EQ(m.pages.add_incoming(0x2000000_pa, 1), Errno::ok);
             chunk.pages[1] = 0x2000000;
         }},
        {"a page twice", Fault::vmalloc_shared,
         [](Machine &, kho_vmalloc &, vmalloc_chunk &chunk) { chunk.pages[2] = chunk.pages[0]; }},
        {"a chunk as its own page", Fault::vmalloc_shared,
         [](Machine &, kho_vmalloc &area, vmalloc_chunk &chunk) { chunk.pages[2] = area.first; }},
        {"a cycle", Fault::vmalloc_shared,
         [](Machine &, kho_vmalloc &area, vmalloc_chunk &chunk) { chunk.next = area.first; }},
        {"a next chunk that is none", Fault::vmalloc_not_preserved,
         [](Machine &, kho_vmalloc &, vmalloc_chunk &chunk) { chunk.next = 8; }},
    };
    for (const Case &c : cases) {
        Machine m;
        kho_vmalloc area = *allocate_vmalloc(m.pages, 3 * kho::page_size);
        m.kexec();
        c.damage(m, area, m.as<vmalloc_chunk>(area.first));
        Place place;
        EXPECT_EQ(check_vmalloc(m.pages, area, place), Errno::einval) << c.what;
        EXPECT_EQ(place.fault, c.expected) << c.what;
    }
}

TEST(Vmalloc, AnEmptyTrailingChunkIsLegal) {
    Machine m;
    const kho_vmalloc area = *allocate_vmalloc(m.pages, 3 * kho::page_size);
    const PhysAddr empty = *alloc_preserve(m.pages, kho::page_size);
    m.as<vmalloc_chunk>(area.first).next = kho::value(empty);
    m.kexec();
    Place place;
    EXPECT_EQ(check_vmalloc(m.pages, area, place), Errno::ok) << name(place.fault);
    EXPECT_EQ(data_pages(m, area).size(), 3u);
    restore_free_vmalloc(m.pages, area);
    EXPECT_EQ(m.pages.counts().incoming, 0u);
}

TEST(Vmalloc, BlocksOfAHigherOrderAreReadPageByPage) {
    Machine m;
    kho_vmalloc area = *allocate_vmalloc(m.pages, kho::page_size);
    const PhysAddr page{m.as<vmalloc_chunk>(area.first).pages[0]};
    ASSERT_EQ(unpreserve_free(m.pages, page), Errno::ok);
    const PhysAddr block = *alloc_preserve(m.pages, 8 * kho::page_size);
    m.as<vmalloc_chunk>(area.first).pages[0] = kho::value(block);
    area.total_pages = 8;
    area.order = 3;
    area.flags |= kho::abi::kho_vmalloc_huge;
    m.kexec();
    Place place;
    ASSERT_EQ(check_vmalloc(m.pages, area, place), Errno::ok) << name(place.fault);
    const std::vector<std::byte *> pages = data_pages(m, area);
    ASSERT_EQ(pages.size(), 8u);
    for (unsigned i = 0; i < 8; i++) EXPECT_EQ(pages[i], m.at(block + i * kho::page_size));
    restore_free_vmalloc(m.pages, area);
    EXPECT_EQ(m.pages.counts().incoming, 0u);
}

}  // namespace
}  // namespace guest
