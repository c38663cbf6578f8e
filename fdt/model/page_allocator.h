// SPDX-License-Identifier: GPL-2.0-or-later
// Hands out free guest memory in blocks as a kernel's page allocator does: a block of 2^order pages is
// aligned to its size. The lowest memory first, and the same for the same calls, so that what is built is
// reproducible.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <vector>

#include "fdt/base/ranges.h"

namespace kho {

class PageAllocator {
public:
    // Only whole pages of `free` are used.
    explicit PageAllocator(const RangeSet &free);

    // Nothing if no block is left, or the order is absurd. Nearly O(1).
    std::optional<PhysAddr> allocate(unsigned order);

    // Neighbouring pages, not a block; `alignment` is a power of two, at least a page. O(ranges).
    std::optional<Range> allocate_run(std::uint64_t pages, std::uint64_t alignment = page_size);

private:
    static constexpr unsigned orders = 64 - page_shift;

    void keep(PhysAddr from, PhysAddr to);  // as blocks, for later

    std::vector<Range> ranges_;  // not touched yet
    std::size_t first_ = 0;      // of ranges_ that is not used up
    std::array<std::deque<PhysAddr>, orders> blocks_;
};

}  // namespace kho
