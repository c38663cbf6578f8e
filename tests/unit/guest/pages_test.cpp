// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "guest/kho/preserve.h"
#include "tests/unit/guest/machine.h"

namespace guest {
namespace {

using kexec_handover::PreservedRange;
using kho::PhysAddr;

TEST(Pages, FoliosOfEveryOrderAreNaturallyAlignedAndDisjoint) {
    Machine m;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> folios;
    for (unsigned round = 0; round < 3; round++)
        for (unsigned order = 0; order <= kho::max_order; order++) {
            const Result<PhysAddr> folio = m.pages.allocate(order);
            ASSERT_TRUE(folio) << "order " << order;
            EXPECT_TRUE(kho::is_aligned(kho::value(*folio), kho::order_bytes(order))) << "order " << order;
            folios.emplace_back(kho::value(*folio), kho::order_bytes(order));
        }
    std::sort(folios.begin(), folios.end());
    for (std::size_t i = 1; i < folios.size(); i++)
        EXPECT_LE(folios[i - 1].first + folios[i - 1].second, folios[i].first);
}

TEST(Pages, NothingIsAllocatedFromScratchReservedOrLowMemory) {
    Machine m;
    while (const Result<PhysAddr> folio = m.pages.allocate(0)) {
        const std::uint64_t at = kho::value(*folio);
        EXPECT_GE(at, 3 * Machine::mib);
        EXPECT_FALSE(at >= Machine::scratch_start && at < Machine::scratch_start + Machine::scratch_size);
    }
    EXPECT_EQ(m.pages.counts().free, 0u);
}

TEST(Pages, ExhaustionIsENOMEMAndFreedMemoryIsFoundAgain) {
    Machine m;
    std::vector<PhysAddr> all;
    while (const Result<PhysAddr> folio = m.pages.allocate(4)) all.push_back(*folio);
    EXPECT_EQ(m.pages.allocate(4).error(), Errno::enomem);
    ASSERT_EQ(m.pages.free(all[7]), Errno::ok);
    const Result<PhysAddr> again = m.pages.allocate(4);
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, all[7]);
}

TEST(Pages, FreeingTwiceAFreePageATailOrNonsenseIsEINVALAndChangesNothing) {
    Machine m;
    const PhysAddr folio = *m.pages.allocate(3);
    const PhysAddr gone = *m.pages.allocate(0);
    ASSERT_EQ(m.pages.free(gone), Errno::ok);
    const Pages::Counts before = m.pages.counts();
    struct Case {
        const char *what;
        PhysAddr at;
    } const cases[] = {
        {"twice", gone},
        {"a tail", folio + kho::page_size},
        {"inside a page", folio + 8},
        {"scratch", PhysAddr{Machine::scratch_start}},
        {"reserved", PhysAddr{Machine::mib}},
        {"outside of RAM", PhysAddr{Machine::default_size}},
        {"far outside", PhysAddr{~std::uint64_t{0xfff}}},
        {"page 0", PhysAddr{0}},
    };
    for (const Case &c : cases) {
        EXPECT_EQ(m.pages.free(c.at), Errno::einval) << c.what;
        EXPECT_EQ(m.pages.preserve(c.at), Errno::einval) << c.what;
        EXPECT_EQ(m.pages.unpreserve(c.at), Errno::einval) << c.what;
        EXPECT_EQ(m.pages.claim(c.at), Errno::einval) << c.what;
        EXPECT_EQ(m.pages.restore(c.at), Errno::einval) << c.what;
        EXPECT_EQ(m.pages.counts(), before) << c.what;
    }
}

// Which operation is allowed on a folio in which state.
TEST(Pages, EveryOperationInEveryStateIsAllowedOrEINVAL) {
    enum State { used, preserved, incoming, claimed, states };
    const char *const names[] = {"used", "preserved", "incoming", "claimed"};
    struct Op {
        const char *what;
        Errno (Pages::*run)(PhysAddr);
        Errno expected[states];
    } const ops[] = {
        //                                    used           preserved       incoming        claimed
        {"free", &Pages::free, {Errno::ok, Errno::einval, Errno::einval, Errno::einval}},
        {"preserve", &Pages::preserve, {Errno::ok, Errno::einval, Errno::einval, Errno::einval}},
        {"unpreserve", &Pages::unpreserve, {Errno::einval, Errno::ok, Errno::einval, Errno::einval}},
        {"claim", &Pages::claim, {Errno::einval, Errno::einval, Errno::ok, Errno::ebusy}},
        {"restore", &Pages::restore, {Errno::einval, Errno::einval, Errno::ok, Errno::ok}},
    };
    for (const Op &op : ops)
        for (unsigned state = 0; state < states; state++) {
            Machine m;
            const PhysAddr folio = *m.pages.allocate(2);
            if (state != used) {
                ASSERT_EQ(m.pages.preserve(folio), Errno::ok);
            }
            if (state >= incoming)
                m.kexec();
            if (state == claimed) {
                ASSERT_EQ(m.pages.claim(folio), Errno::ok);
            }
            EXPECT_EQ((m.pages.*op.run)(folio), op.expected[state]) << op.what << " of " << names[state];
        }
}

TEST(Pages, AllocatingAllMemoryTouchesEachPageOfTheMapAboutOnce) {
    // Next-fit: a gigabyte in single pages would take hours if each search began at the bottom.
    Machine m(std::uint64_t{1} << 30);
    std::uint64_t n = 0;
    while (m.pages.allocate(0)) n++;
    EXPECT_GT(n, 250000u);
}

TEST(Pages, HighMemoryComesFromAboveFourGiBOrNotAtAll) {
    Machine small;
    EXPECT_EQ(small.pages.allocate(0, Zone::high).error(), Errno::enomem);
    Machine large(std::uint64_t{5} << 30);
    const Result<PhysAddr> folio = large.pages.allocate(10, Zone::high);
    ASSERT_TRUE(folio);
    EXPECT_GE(kho::value(*folio), std::uint64_t{4} << 30);
    EXPECT_LT(kho::value(*large.pages.allocate(10)), std::uint64_t{4} << 30);
}

TEST(Pages, TheBlockThatHoldsAPageIsFound) {
    Machine m;
    ASSERT_EQ(m.pages.add_incoming(0x1000000_pa, 12), Errno::ok);
    ASSERT_EQ(m.pages.add_incoming(0x2000000_pa, 0), Errno::ok);
    const struct {
        PhysAddr page;
        std::uint64_t head;  // 0: none
    } cases[] = {
        {0x1000000_pa, 0x1000000},
        {0x1001000_pa, 0x1000000},
        {0x1fff000_pa, 0x1000000},
        {0x2000000_pa, 0x2000000},
        {0x2001000_pa, 0},
        {0xfff000_pa, 0},
        {0x1001008_pa, 0},
        {0_pa, 0},
        {PhysAddr{Machine::default_size}, 0},
    };
    for (const auto &c : cases) {
        const Result<PhysAddr> head = m.pages.block_of(c.page);
        EXPECT_EQ(head ? kho::value(*head) : 0, c.head) << std::hex << kho::value(c.page);
    }
}

TEST(Pages, PagesOfOneBlockAreClaimedOnceEachAndTheBlockIsThenNobodyElses) {
    Machine m;
    const Pages::Counts before = m.pages.counts();
    ASSERT_EQ(m.pages.add_incoming(0x1000000_pa, 3), Errno::ok);
    const Pages::Counts incoming = m.pages.counts();
    EXPECT_EQ(m.pages.claim_page(0x1003000_pa), Errno::ok);
    EXPECT_EQ(m.pages.claim_page(0x1003000_pa), Errno::ebusy);
    EXPECT_EQ(m.pages.claim(0x1000000_pa), Errno::ebusy);
    EXPECT_EQ(m.pages.claim_page(0x1000000_pa), Errno::ok);
    EXPECT_EQ(m.pages.claim_page(0x1000000_pa), Errno::ebusy);
    EXPECT_EQ(m.pages.claim_page(0x1004000_pa), Errno::ok);
    EXPECT_EQ(m.pages.claim_page(0x1008000_pa), Errno::einval) << "behind the block";
    EXPECT_EQ(m.pages.claim_page(PhysAddr{Machine::scratch_start}), Errno::einval);
    EXPECT_EQ(m.pages.counts(), incoming);
    EXPECT_EQ(restore_free(m.pages, 0x1000000_pa), Errno::ok);
    EXPECT_EQ(m.pages.counts(), before);
}

TEST(Pages, ABlockBeyondFolioSizeComesBackAsARun) {
    Machine m;
    const std::uint64_t pages = 4096;  // order 12
    const PhysAddr run = *m.pages.allocate_run(3 * pages / 2);
    const PhysAddr start{kho::align_up(kho::value(run), pages * kho::page_size)};
    ASSERT_EQ(m.pages.free_run(run, 3 * pages / 2), Errno::ok);
    EXPECT_EQ(m.pages.add_incoming(start, 12), Errno::ok);
    EXPECT_EQ(restore_free(m.pages, start), Errno::ok);
    EXPECT_EQ(m.pages.counts().used, 0u);
    EXPECT_EQ(m.pages.counts().incoming, 0u);
}

TEST(Pages, IncomingBlocksAreCheckedAgainstRamScratchAndEachOther) {
    Machine m;
    ASSERT_EQ(m.pages.add_incoming(0x1000000_pa, 4), Errno::ok);
    const struct {
        const char *what;
        PhysAddr at;
        unsigned order;
        Errno expected;
    } cases[] = {
        {"twice", 0x1000000_pa, 4, Errno::eexist},
        {"inside another", 0x1002000_pa, 0, Errno::eexist},
        {"around another", 0x1000000_pa, 8, Errno::eexist},
        {"in scratch", PhysAddr{Machine::scratch_start}, 0, Errno::ebusy},
        {"reaching into scratch", 0x2000000_pa, 13, Errno::ebusy},
        {"in what is reserved", PhysAddr{Machine::mib}, 0, Errno::ebusy},
        {"unaligned", 0x1101000_pa, 1, Errno::einval},
        {"half a page", 0x1101800_pa, 0, Errno::einval},
        {"beyond the top", PhysAddr{Machine::default_size}, 0, Errno::einval},
        {"across the top", 0_pa, 20, Errno::einval},
        {"of an absurd order", 0_pa, 21, Errno::einval},
        {"of an order that would shift everything away", 0_pa, 64, Errno::einval},
        {"at the end of the address space", PhysAddr{~std::uint64_t{0xfff}}, 0, Errno::einval},
    };
    const Pages::Counts before = m.pages.counts();
    for (const auto &c : cases) {
        EXPECT_EQ(m.pages.add_incoming(c.at, c.order), c.expected) << c.what;
        EXPECT_EQ(m.pages.counts(), before) << c.what;
    }
}

TEST(Preserve, NeighbouringBlocksOfOneOrderAreOneRange) {
    Machine m;
    std::vector<PhysAddr> pages;
    for (int i = 0; i < 8; i++) pages.push_back(*m.pages.allocate(0));
    for (const int i : {0, 1, 2, 4, 5, 7}) ASSERT_EQ(m.pages.preserve(pages[i]), Errno::ok);
    const PhysAddr large = *alloc_preserve(m.pages, 16 * kho::page_size);

    std::vector<PreservedRange> ranges(count_preserved_ranges(m.pages));
    EXPECT_EQ(list_preserved_ranges(m.pages, ranges), 4u);
    const auto is = [&](std::size_t i, PhysAddr at, unsigned order, unsigned count) {
        EXPECT_EQ(ranges[i].address, kho::value(at)) << i;
        EXPECT_EQ(ranges[i].order, order) << i;
        EXPECT_EQ(ranges[i].count, count) << i;
    };
    is(0, pages[0], 0, 3);
    is(1, pages[4], 0, 2);
    is(2, pages[7], 0, 1);
    is(3, large, 4, 1);
}

TEST(Preserve, AShortListIsCutAndTheCountStillTold) {
    Machine m;
    for (int i = 0; i < 3; i++) {
        ASSERT_TRUE(alloc_preserve(m.pages, 1));
        m.pages.skip(0, 1);
    }
    PreservedRange ranges[2];
    EXPECT_EQ(list_preserved_ranges(m.pages, ranges), 3u);
}

TEST(Preserve, AllocPreserveRoundsUpToAFolioAndRefusesNothingAndTooMuch) {
    Machine m;
    const struct {
        std::uint64_t bytes;
        Errno error;
        unsigned order;
    } cases[] = {
        {0, Errno::einval, 0},       {1, Errno::ok, 0},
        {4096, Errno::ok, 0},        {4097, Errno::ok, 1},
        {8193, Errno::ok, 2},        {65536, Errno::ok, 4},
        {4096 << 10, Errno::ok, 10}, {(4096 << 10) + 1, Errno::efbig, 0},
    };
    for (const auto &c : cases) {
        const Result<PhysAddr> folio = alloc_preserve(m.pages, c.bytes);
        EXPECT_EQ(folio.error(), c.error) << c.bytes;
        if (folio) {
            EXPECT_EQ(*m.pages.order_of(*folio), c.order) << c.bytes;
            EXPECT_TRUE(m.pages.is_preserved(*folio)) << c.bytes;
            EXPECT_EQ(unpreserve_free(m.pages, *folio), Errno::ok) << c.bytes;
        }
    }
    EXPECT_EQ(m.pages.counts().preserved, 0u);
    EXPECT_EQ(m.pages.counts().used, 0u);
}

TEST(Preserve, MemoryIsZeroedAndItsBytesReachTheNextKernel) {
    Machine m;
    const PhysAddr dirty = *m.pages.allocate(3);
    std::memset(m.at(dirty), 0xee, kho::order_bytes(3));
    ASSERT_EQ(m.pages.free(dirty), Errno::ok);
    m.pages.start_at(dirty);
    const PhysAddr folio = *alloc_preserve(m.pages, kho::order_bytes(3));
    ASSERT_EQ(folio, dirty);
    for (std::uint64_t i = 0; i < kho::order_bytes(3); i += 8) ASSERT_EQ(m.as<std::uint64_t>(folio + i), 0u);
    m.as<std::uint64_t>(folio + 24) = 42;
    m.kexec();
    EXPECT_TRUE(m.pages.is_incoming(folio));
    EXPECT_EQ(m.as<std::uint64_t>(folio + 24), 42u);
    EXPECT_EQ(restore_free(m.pages, folio), Errno::ok);
    EXPECT_EQ(restore_free(m.pages, folio), Errno::einval) << "twice";
}

}  // namespace
}  // namespace guest
