// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/base/ranges.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace kho {
namespace {

// Appends to an ascending list whose last element may touch or overlap the new one.
void append(std::vector<Range> &ranges, const Range &range) {
    if (range.empty())
        return;
    if (!ranges.empty() && range.start <= ranges.back().end()) {
        Range &last = ranges.back();
        last.size = std::max(last.end(), range.end()) - last.start;
        return;
    }
    ranges.push_back(range);
}

Range between(PhysAddr start, PhysAddr end) { return {start, start < end ? end - start : 0}; }

Range common_part(const Range &a, const Range &b) {
    return between(std::max(a.start, b.start), std::min(a.end(), b.end()));
}

// The first range that ends behind `address`: the only one that can hold it.
auto ending_behind(std::span<const Range> ranges, PhysAddr address) {
    return std::partition_point(ranges.begin(), ranges.end(),
                                [address](const Range &range) { return range.end() <= address; });
}

}  // namespace

std::optional<Range> Range::checked(std::uint64_t start, std::uint64_t size) {
    if (size > std::numeric_limits<std::uint64_t>::max() - start)
        return std::nullopt;
    return Range{PhysAddr{start}, size};
}

RangeSet::RangeSet(std::vector<Range> ranges) {
    const auto by_start = [](const Range &a, const Range &b) { return a.start < b.start; };
    if (!std::is_sorted(ranges.begin(), ranges.end(), by_start))
        std::sort(ranges.begin(), ranges.end(), by_start);
    ranges_.reserve(ranges.size());
    for (const Range &range : ranges) append(ranges_, range);
}

void RangeSet::add(Range range) {
    if (range.empty())
        return;
    std::vector<Range> result;
    result.reserve(ranges_.size() + 1);
    auto next = ranges_.begin();
    for (; next != ranges_.end() && next->start < range.start; ++next) result.push_back(*next);
    append(result, range);
    for (; next != ranges_.end(); ++next) append(result, *next);
    ranges_ = std::move(result);
}

void RangeSet::subtract(Range range) { *this = minus(RangeSet({range})); }

RangeSet RangeSet::minus(const RangeSet &other) const {
    RangeSet result;
    auto hole = other.ranges_.begin();
    for (const Range &range : ranges_) {
        PhysAddr rest = range.start;
        while (hole != other.ranges_.end() && hole->end() <= rest) ++hole;
        // The last hole that starts inside may reach into the next range, so it is looked at again.
        for (auto h = hole; h != other.ranges_.end() && h->start < range.end(); ++h) {
            append(result.ranges_, between(rest, h->start));
            rest = std::max(rest, h->end());
            hole = h;
        }
        append(result.ranges_, between(rest, range.end()));
    }
    return result;
}

RangeSet RangeSet::intersect(const RangeSet &other) const {
    RangeSet result;
    auto a = ranges_.begin();
    auto b = other.ranges_.begin();
    while (a != ranges_.end() && b != other.ranges_.end()) {
        append(result.ranges_, common_part(*a, *b));
        if (a->end() < b->end())
            ++a;
        else
            ++b;
    }
    return result;
}

bool RangeSet::contains(const Range &range) const {
    if (range.empty())
        return true;
    const auto found = ending_behind(ranges_, range.start);
    return found != ranges().end() && found->contains(range);
}

bool RangeSet::overlaps(const Range &range) const {
    if (range.empty())
        return false;
    const auto found = ending_behind(ranges_, range.start);
    return found != ranges().end() && found->start < range.end();
}

std::uint64_t RangeSet::bytes() const {
    std::uint64_t sum = 0;
    for (const Range &range : ranges_) sum += range.size;
    return sum;
}

std::optional<Range> RangeSet::find_low(std::uint64_t size, std::uint64_t alignment, Range within) const {
    if (size == 0)
        return std::nullopt;
    const std::span<const Range> all = ranges_;
    for (auto range = ending_behind(all, within.start); range != all.end() && range->start < within.end();
         ++range) {
        const Range part = common_part(*range, within);
        const PhysAddr place{align_up(value(part.start), alignment)};
        // A place below the start means that aligning wrapped.
        if (place >= part.start && place < part.end() && part.end() - place >= size)
            return Range{place, size};
    }
    return std::nullopt;
}

std::optional<Range> RangeSet::find_high(std::uint64_t size, std::uint64_t alignment, Range within) const {
    if (size == 0)
        return std::nullopt;
    const auto first_behind = std::partition_point(
        ranges_.begin(), ranges_.end(), [&within](const Range &range) { return range.start < within.end(); });
    for (auto range = first_behind; range != ranges_.begin();) {
        --range;
        if (range->end() <= within.start)
            break;
        const Range part = common_part(*range, within);
        if (part.size < size)
            continue;
        const PhysAddr place{align_down(value(part.end() - size), alignment)};
        if (place >= part.start)
            return Range{place, size};
    }
    return std::nullopt;
}

}  // namespace kho
