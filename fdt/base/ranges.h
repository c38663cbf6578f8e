// SPDX-License-Identifier: GPL-2.0-or-later
// Physical address ranges and sets of them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "fdt/abi/phys.h"

namespace kho {

// [start, start + size). Never wraps: make one from hostile numbers only through checked().
struct Range {
    PhysAddr start{};
    std::uint64_t size = 0;  // bytes

    // Nothing if start + size exceeds 2^64 - 1.
    static std::optional<Range> checked(std::uint64_t start, std::uint64_t size);

    PhysAddr end() const { return start + size; }
    bool empty() const { return size == 0; }
    bool contains(const Range &other) const { return other.start >= start && other.end() <= end(); }
    bool overlaps(const Range &other) const { return start < other.end() && other.start < end(); }
    bool operator==(const Range &) const = default;
};

// Disjoint, non-adjacent, non-empty ranges in ascending order. Overlapping and touching ranges that are
// put in become one. Building from n ranges is O(n log n), the queries are O(log n).
class RangeSet {
public:
    RangeSet() = default;
    explicit RangeSet(std::vector<Range> ranges);

    void add(Range range);                            // O(n)
    void subtract(Range range);                       // O(n)
    RangeSet minus(const RangeSet &other) const;      // O(n + m)
    RangeSet intersect(const RangeSet &other) const;  // O(n + m)

    bool contains(const Range &range) const;  // an empty range is contained
    bool overlaps(const Range &range) const;
    std::uint64_t bytes() const;
    bool empty() const { return ranges_.empty(); }
    std::span<const Range> ranges() const & { return ranges_; }
    std::span<const Range> ranges() const && = delete;  // they would be gone

    // The lowest (or highest) aligned place for `size` bytes that lies wholly in the set and in `within`.
    // `alignment` is a power of two. Nothing if there is none, or if `size` is 0.
    std::optional<Range> find_low(std::uint64_t size, std::uint64_t alignment, Range within) const;
    std::optional<Range> find_high(std::uint64_t size, std::uint64_t alignment, Range within) const;

    bool operator==(const RangeSet &) const = default;

private:
    std::vector<Range> ranges_;
};

}  // namespace kho
