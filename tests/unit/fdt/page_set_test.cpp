// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/base/internal/page_set.h"

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

constexpr std::uint64_t inverse(std::uint64_t odd) {
    std::uint64_t result = odd;
    for (int i = 0; i < 6; i++) result *= 2 - odd * result;
    return result;
}

constexpr std::uint64_t unmixed(std::uint64_t h) {
    h *= inverse(NumberSet::second_factor);
    h = (h ^ h >> 33) * inverse(NumberSet::first_factor);
    return h ^ h >> 33;
}

// Mixed without the secret all of these are small, and so would meet in the first slot: with a secret of zero
// the test takes minutes.
TEST(NumberSet, IsNoSlowerForNumbersThatWereChosenToMeet) {
    NumberSet set;
    for (std::uint64_t i = 1; i <= 1000000; i++) {
        ASSERT_EQ(NumberSet::mixed(unmixed(i)), i);
        ASSERT_TRUE(set.insert(unmixed(i)));
    }
    EXPECT_EQ(set.size(), 1000000u);
}

TEST(NumberSet, HasASecretThatStaysTheSame) {
    EXPECT_NE(number_set_secret(), 0u);
    EXPECT_EQ(number_set_secret(), number_set_secret());
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
