// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/base/ranges.h"

#include <random>
#include <vector>

#include "tests/unit/fdt/expect.h"

namespace kho {
namespace {

constexpr std::uint64_t max64 = ~std::uint64_t{0};

Range range(std::uint64_t start, std::uint64_t size) { return {PhysAddr{start}, size}; }

RangeSet set(std::vector<Range> ranges) { return RangeSet(std::move(ranges)); }

std::vector<Range> listed(const RangeSet &ranges) { return {ranges.ranges().begin(), ranges.ranges().end()}; }

TEST(Range, RefusesToWrap) {
    const struct {
        std::uint64_t start, size;
        bool valid;
    } cases[] = {
        {0, 0, true},      {0, max64, true}, {max64, 0, true},     {max64, 1, false},
        {1, max64, false}, {5, 10, true},    {max64 - 1, 1, true},
    };
    for (const auto &c : cases)
        EXPECT_EQ(Range::checked(c.start, c.size).has_value(), c.valid) << c.start << ' ' << c.size;
}

TEST(RangeSet, JoinsWhatOverlapsOrTouchesAndDropsWhatIsEmpty) {
    EXPECT_EQ(listed(set({range(30, 10), range(0, 10), range(10, 5), range(12, 1), range(50, 0)})),
              (std::vector{range(0, 15), range(30, 10)}));
    EXPECT_TRUE(set({range(7, 0)}).empty());
}

TEST(RangeSet, AnswersQueriesAtTheEdges) {
    const RangeSet ranges = set({range(10, 10), range(30, 10)});
    EXPECT_TRUE(ranges.contains(range(10, 10)));
    EXPECT_TRUE(ranges.contains(range(39, 1)));
    EXPECT_TRUE(ranges.contains(range(25, 0)));
    EXPECT_FALSE(ranges.contains(range(19, 2)));
    EXPECT_FALSE(ranges.contains(range(10, 30)));
    EXPECT_FALSE(ranges.contains(range(9, 2)));
    EXPECT_TRUE(ranges.overlaps(range(0, 11)));
    EXPECT_TRUE(ranges.overlaps(range(19, 100)));
    EXPECT_FALSE(ranges.overlaps(range(20, 10)));
    EXPECT_FALSE(ranges.overlaps(range(15, 0)));
    EXPECT_FALSE(ranges.overlaps(range(40, 1)));
    EXPECT_EQ(ranges.bytes(), 20u);
}

TEST(RangeSet, FindsTheLowestAndTheHighestAlignedPlace) {
    const RangeSet ranges = set({range(0x1800, 0x1000), range(0x4000, 0x4000), range(0x10000, 0x3800)});
    const Range all = range(0, max64);
    EXPECT_EQ(ranges.find_low(0x1000, 0x1000, all), range(0x4000, 0x1000));
    EXPECT_EQ(ranges.find_low(0x800, 0x1000, all), range(0x2000, 0x800));
    EXPECT_EQ(ranges.find_low(0x1000, 0x1000, range(0x5800, 0x100000)), range(0x6000, 0x1000));
    EXPECT_EQ(ranges.find_low(0x1000, 0x10000, all), range(0x10000, 0x1000));
    EXPECT_EQ(ranges.find_low(0x4800, 1, all), std::nullopt);
    EXPECT_EQ(ranges.find_low(0, 1, all), std::nullopt);
    EXPECT_EQ(ranges.find_low(max64, 0x1000, all), std::nullopt);
    EXPECT_EQ(ranges.find_high(0x1000, 0x1000, all), range(0x12000, 0x1000));
    EXPECT_EQ(ranges.find_high(0x4000, 0x1000, all), range(0x4000, 0x4000));
    EXPECT_EQ(ranges.find_high(0x1000, 0x1000, range(0, 0x7800)), range(0x6000, 0x1000));
    EXPECT_EQ(ranges.find_high(0x1000, 0x1000, range(0x12800, 0x100)), std::nullopt);
    EXPECT_EQ(ranges.find_high(0x1000, 0x8000, range(0, 0x9000)), std::nullopt);
    EXPECT_EQ(ranges.find_high(max64, 0x1000, all), std::nullopt);
}

TEST(RangeSet, FindsNoPlaceWhereAligningWouldWrap) {
    const RangeSet ranges = set({range(max64 - 0x1800, 0x1800)});
    EXPECT_EQ(ranges.find_low(1, std::uint64_t{1} << 63, range(0, max64)), std::nullopt);
    EXPECT_EQ(ranges.find_high(1, std::uint64_t{1} << 63, range(0, max64)), std::nullopt);
}

// A set of small numbers as a table of members: slow, but plainly right.
struct Model {
    std::vector<bool> member = std::vector<bool>(256);

    explicit Model(const RangeSet &ranges) {
        for (const Range &r : ranges.ranges()) put(r, true);
    }
    void put(const Range &r, bool in) {
        for (std::uint64_t i = value(r.start); i < value(r.end()); i++) member[i] = in;
    }
};

TEST(RangeSet, AgreesWithATableOfMembers) {
    std::mt19937_64 random(1);
    const auto random_range = [&random] { return range(random() % 200, random() % 20); };
    const auto random_set = [&] {
        std::vector<Range> ranges(random() % 12);
        for (Range &r : ranges) r = random_range();
        return RangeSet(ranges);
    };
    for (int round = 0; round < 3000; round++) {
        RangeSet a = random_set();
        const RangeSet b = random_set();
        const Model model_a(a);
        const Model model_b(b);
        Model expected_minus = model_a;
        Model expected_common = model_a;
        for (std::size_t i = 0; i < 256; i++) {
            expected_minus.member[i] = model_a.member[i] && !model_b.member[i];
            expected_common.member[i] = model_a.member[i] && model_b.member[i];
        }
        ASSERT_EQ(Model(a.minus(b)).member, expected_minus.member);
        ASSERT_EQ(Model(a.intersect(b)).member, expected_common.member);

        const Range r = random_range();
        Model changed = model_a;
        changed.put(r, true);
        RangeSet sum = a;
        sum.add(r);
        ASSERT_EQ(Model(sum).member, changed.member);
        // Normal form: built at once or bit by bit, the ranges are the same.
        std::vector<Range> parts = listed(a);
        parts.push_back(r);
        ASSERT_EQ(sum, RangeSet(parts));
        changed.put(r, false);
        a.subtract(r);
        ASSERT_EQ(Model(a).member, changed.member);
    }
}

}  // namespace
}  // namespace kho
