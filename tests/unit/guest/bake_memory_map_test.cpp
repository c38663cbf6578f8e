// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/bake/x86_64/memory_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace guest::bake {
namespace {

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t last = ~std::uint64_t{0};
constexpr std::uint32_t ram = kho::abi::e820_ram, reserved = kho::abi::e820_reserved;

TEST(BakeMemoryMap, RamEndsWhereTheMapHasNoneOrSomethingElse) {
    const struct {
        const char *name;
        std::vector<kho::abi::e820_entry> entries;
        std::uint64_t start, end;
    } cases[] = {
        {"nothing", {}, mib, mib},
        {"one entry", {{mib, mib, ram}}, mib, 2 * mib},
        {"from its middle", {{mib, mib, ram}}, mib + 5, 2 * mib},
        {"before it", {{mib, mib, ram}}, mib - 1, mib - 1},
        {"behind it", {{mib, mib, ram}}, 2 * mib, 2 * mib},
        {"entries that touch", {{0, mib, ram}, {mib, mib, ram}, {2 * mib, mib, ram}}, 0, 3 * mib},
        {"a hole", {{0, mib, ram}, {mib + 1, mib, ram}}, 0, mib},
        {"nothing but something else", {{0, mib, reserved}}, 0, 0},
        {"something else behind it", {{0, mib, ram}, {mib, mib, reserved}}, 0, mib},
        {"something else within", {{0, 4 * mib, ram}, {mib, mib, reserved}}, 0, mib},
        {"behind something else within", {{0, 4 * mib, ram}, {mib, mib, reserved}}, 2 * mib, 4 * mib},
        {"in something else within", {{0, 4 * mib, ram}, {mib, mib, reserved}}, mib, mib},
        {"something else in the second",
         {{0, mib, ram}, {mib, mib, ram}, {mib + 5, 1, reserved}},
         0,
         mib + 5},
        {"something else that is empty", {{0, mib, ram}, {5, 0, reserved}}, 0, mib},
        {"RAM that is empty", {{mib, 0, ram}}, mib, mib},
        {"RAM that wraps around", {{mib, last, ram}}, mib, last},
        {"something else that wraps around", {{0, 2 * mib, ram}, {mib, last, reserved}}, 0, mib},
    };
    for (const auto &c : cases) {
        MemoryMap map{};
        for (const auto &entry : c.entries) map.entries[map.count++] = entry;
        EXPECT_EQ(ram_up_to(map, c.start), c.end) << c.name;
        std::reverse(map.entries, map.entries + map.count);
        EXPECT_EQ(ram_up_to(map, c.start), c.end) << c.name << ", in reverse";
    }
}

TEST(BakeMemoryMap, NamesWhatIsThereInsteadOfRam) {
    MemoryMap map{2, {{0, mib, ram}, {mib, 2 * mib, reserved}}};
    EXPECT_EQ(reserved_at(map, mib - 1), nullptr);
    EXPECT_EQ(reserved_at(map, mib), &map.entries[1]);
    EXPECT_EQ(reserved_at(map, 3 * mib - 1), &map.entries[1]);
    EXPECT_EQ(reserved_at(map, 3 * mib), nullptr);
    map.entries[1].size = last;
    EXPECT_EQ(reserved_at(map, last), &map.entries[1]);
}

}  // namespace
}  // namespace guest::bake
