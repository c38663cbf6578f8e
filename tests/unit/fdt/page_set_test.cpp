// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/page_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace kho {
namespace {

TEST(NumberSet, TakesEachNumberOnce) {
    std::mt19937_64 random(1);
    NumberSet set;
    std::set<std::uint64_t> expected;
    for (int i = 0; i < 100000; i++) {
        const std::uint64_t number = i % 3 == 0 ? random() % 1000 : random();
        ASSERT_EQ(set.insert(number), expected.insert(number).second) << number;
    }
    EXPECT_EQ(set.size(), expected.size());
}

TEST(NumberSet, HasPlaceForTheLeastAndTheLargestNumber) {
    NumberSet set;
    set.reserve(1000);
    for (const std::uint64_t number : {std::uint64_t{0}, UINT64_MAX, UINT64_MAX - 1}) {
        EXPECT_TRUE(set.insert(number)) << number;
        EXPECT_FALSE(set.insert(number)) << number;
    }
    EXPECT_EQ(set.size(), 3u);
}

// Multiplied by that constant, as hashes often are, these are small: all of them met in one place once, and
// the test took minutes.
TEST(NumberSet, IsNoSlowerForNumbersThatWereChosenToMeet) {
    constexpr std::uint64_t golden = 0x9e3779b97f4a7c15;
    std::uint64_t inverse = golden;
    for (int i = 0; i < 6; i++) inverse *= 2 - golden * inverse;
    ASSERT_EQ(golden * inverse, 1u);
    NumberSet set;
    for (std::uint64_t i = 1; i <= 1000000; i++) ASSERT_TRUE(set.insert(i * inverse));
    EXPECT_EQ(set.size(), 1000000u);
}

TEST(PageSet, TakesEachPageOnceWhateverTheAddressInIt) {
    PageSet set;
    EXPECT_TRUE(set.insert(PhysAddr{0x1000}));
    EXPECT_FALSE(set.insert(PhysAddr{0x1fff}));
    EXPECT_TRUE(set.insert(PhysAddr{0}));
    EXPECT_TRUE(set.insert(PhysAddr{UINT64_MAX}));
    EXPECT_FALSE(set.insert(PhysAddr{UINT64_MAX - 1}));
    EXPECT_EQ(set.size(), 3u);
}

}  // namespace
}  // namespace kho
