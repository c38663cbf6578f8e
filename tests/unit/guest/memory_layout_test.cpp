// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/kho/memory_layout.h"

#include "tests/unit/guest/machine.h"

namespace guest {
namespace {

using kexec_handover::MemoryRange;
using kho::PhysAddr;
using kho::abi::kho_scratch;

constexpr std::uint64_t mib = 1 << 20, gib = 1 << 30;

const MemoryRange pc_256m[] = {{0, 0x9fc00, 1, 0},
                               {0x9fc00, 0x60400, 2, 0},
                               {mib, 255 * mib - 0x20000, 1, 0},
                               {256 * mib - 0x20000, 0x20000, 2, 0}};
const MemoryRange pc_8g[] = {{0, 0x9fc00, 1, 0}, {mib, 3 * gib - mib, 1, 0}, {4 * gib, 5 * gib, 1, 0}};

TEST(MemoryLayout, TheTopIsTheEndOfUsableRamAndBounded) {
    EXPECT_EQ(top_of_ram(pc_256m), 256 * mib - 0x20000);
    EXPECT_EQ(top_of_ram(pc_8g), 9 * gib);
    const MemoryRange wraps[] = {{4096, ~std::uint64_t{0}, 1, 0}};
    EXPECT_EQ(top_of_ram(wraps), highest_top);
    const MemoryRange none[] = {{0, gib, 2, 0}};
    EXPECT_EQ(top_of_ram(none), 0u);
    EXPECT_EQ(top_of_ram({}), 0u);
}

TEST(MemoryLayout, APlaceMeetsNothingThatIsTaken) {
    const PhysRange taken[] = {{PhysAddr{2 * mib}, mib}, {PhysAddr{4 * mib}, 3 * mib}};
    const kho_scratch scratch[] = {{8 * mib, 2 * mib}, {0, 0}};
    const MemoryLayout layout{pc_256m, taken};
    const struct {
        const char *what;
        std::uint64_t size, alignment, from, to, expected;  // 0: ENOMEM
    } cases[] = {
        {"the first place", mib, 4096, mib, gib, mib},
        {"between two", mib / 2, 4096, mib + 4096, gib, mib + 4096},
        {"does not fit before", mib + 4096, 4096, mib, gib, 10 * mib},
        {"behind scratch", 2 * mib, 2 * mib, mib, gib, 10 * mib},
        {"aligned", mib, 16 * mib, mib, gib, 16 * mib},
        {"up to the limit", mib, 4096, 7 * mib, 8 * mib, 7 * mib},
        {"beyond the limit", mib + 4096, 4096, 7 * mib, 8 * mib, 0},
        {"larger than RAM", gib, 4096, mib, ~std::uint64_t{0}, 0},
        {"never page 0, never across a hole", 0xa0000, 4096, 4096, mib, 0},
    };
    for (const auto &c : cases) {
        const Result<PhysAddr> place = find_place(layout, scratch, c.size, c.alignment, c.from, c.to);
        EXPECT_EQ(place ? kho::value(*place) : 0, c.expected) << c.what;
    }
}

TEST(MemoryLayout, ALaterKernelsPlaceIsInsideScratchAndBesideItsOwnImage) {
    const PhysRange taken[] = {{PhysAddr{32 * mib}, 2 * mib}};
    const kho_scratch scratch[] = {{0, 0}, {32 * mib, 4 * mib}, {64 * mib, 8 * mib}};
    const MemoryLayout layout{pc_256m, taken};
    EXPECT_EQ(kho::value(*find_in_scratch(layout, scratch, {}, mib, 4096)), 34 * mib);
    EXPECT_EQ(kho::value(*find_in_scratch(layout, scratch, {}, 3 * mib, 4096)), 64 * mib);
    EXPECT_EQ(find_in_scratch(layout, scratch, {}, 9 * mib, 4096).error(), Errno::enomem);
    const kho_scratch array = {34 * mib + 4096, 4096};
    EXPECT_EQ(kho::value(*find_in_scratch(layout, scratch, {&array, 1}, mib, 4096)), 34 * mib + 8192);
}

TEST(MemoryLayout, ScratchIsTwoDisjointAreasOneBelowFourGiB) {
    const PhysRange taken[] = {{PhysAddr{17 * mib}, mib}};
    const struct {
        const char *what;
        std::span<const MemoryRange> map;
        std::uint64_t size, low, global;
    } cases[] = {
        {"256 MiB", pc_256m, 32 * mib, 18 * mib, 50 * mib},
        {"8 GiB: the global area is above 4 GiB", pc_8g, 32 * mib, 18 * mib, 4 * gib},
        {"rounded up", pc_256m, 3 * mib, 18 * mib, 22 * mib},
    };
    for (const auto &c : cases) {
        kho_scratch areas[2];
        ASSERT_EQ(choose_scratch({c.map, taken}, c.size, areas), Errno::ok) << c.what;
        EXPECT_EQ(areas[0].addr, c.low) << c.what;
        EXPECT_EQ(areas[1].addr, c.global) << c.what;
        EXPECT_GE(areas[0].size, c.size) << c.what;
        EXPECT_TRUE(kho::is_aligned(areas[0].size | areas[1].size, 2 * mib)) << c.what;
    }
    kho_scratch areas[2];
    EXPECT_EQ(choose_scratch({pc_256m, taken}, 300 * mib, areas), Errno::enomem);
    EXPECT_EQ(choose_scratch({pc_256m, taken}, ~std::uint64_t{0}, areas), Errno::enomem);
}

TEST(MemoryLayout, HighMemoryIsWhatScratchLeavesAboveFourGiB) {
    const struct {
        const char *what;
        MemoryRange high;
        kho_scratch global;
        std::uint64_t expected;
    } cases[] = {
        {"none", {4 * gib, 0, 1, 0}, {64 * mib, 16 * mib}, 0},
        {"scratch does not fit there", {4 * gib, mib, 1, 0}, {64 * mib, 16 * mib}, mib},
        {"scratch takes most of it", {4 * gib, 18 * mib, 1, 0}, {4 * gib, 16 * mib}, 2 * mib},
        {"reserved", {4 * gib, gib, 2, 0}, {64 * mib, 16 * mib}, 0},
        {"a range across the border", {4 * gib - mib, 3 * mib, 1, 0}, {4 * gib - mib, 2 * mib}, mib},
        {"beyond what is used", {highest_top - mib, gib, 1, 0}, {64 * mib, 16 * mib}, mib},
        {"a range that wraps", {highest_top - mib, ~std::uint64_t{0}, 1, 0}, {0, 0}, mib},
    };
    for (const auto &c : cases) {
        const MemoryRange map[] = {{0, 3 * gib, 1, 0}, c.high};
        const kho_scratch scratch[] = {{18 * mib, 32 * mib}, c.global};
        EXPECT_EQ(high_memory(map, scratch), c.expected) << c.what;
    }
}

TEST(MemoryLayout, ThePageMapKnowsRamHolesTakenAndScratch) {
    Machine m(256 * mib);
    const PhysRange taken[] = {{PhysAddr{17 * mib + 100}, 4096}};
    const kho_scratch scratch[] = {{18 * mib, 2 * mib}};
    Pages pages;
    ASSERT_EQ(init_pages(pages, m.window(), PhysAddr{100 * mib}, {pc_256m, taken}, scratch), Errno::ok);
    EXPECT_EQ(pages.counts().scratch, 2 * mib / 4096);
    // From 1 MiB on, less the partial pages of what is taken, scratch and the map.
    const std::uint64_t map_pages = Pages::map_bytes(256 * mib - 0x20000) / 4096;
    EXPECT_EQ(pages.counts().free, (255 * mib - 0x20000 - 2 * mib) / 4096 - 2 - map_pages);
    EXPECT_TRUE(pages.is_free(PhysAddr{16 * mib}));
    EXPECT_FALSE(pages.is_free(PhysAddr{17 * mib}));
    EXPECT_FALSE(pages.is_free(PhysAddr{17 * mib + 4096}));
    EXPECT_FALSE(pages.is_free(PhysAddr{100 * mib}));
    EXPECT_EQ(pages.add_incoming(PhysAddr{0xa0000}, 0), Errno::einval) << "no RAM";
    EXPECT_EQ(pages.add_incoming(PhysAddr{0x1000}, 0), Errno::ebusy)
        << "usable, but below the first MiB and so never given out";
    EXPECT_FALSE(pages.is_free(PhysAddr{0x1000}));
}

}  // namespace
}  // namespace guest
