// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/model/page_allocator.h"

#include <algorithm>
#include <bit>

namespace kho {

PageAllocator::PageAllocator(const RangeSet &free) {
    for (const Range &range : free.ranges()) {
        const std::uint64_t end = align_down(value(range.end()), page_size);
        const std::uint64_t start = align_up(value(range.start), page_size);
        if (start < end && start >= value(range.start))
            ranges_.push_back({PhysAddr{start}, end - start});
    }
}

void PageAllocator::keep(PhysAddr from, PhysAddr to) {
    while (from < to) {
        const std::uint64_t pages = (to - from) >> page_shift;
        const auto aligned = static_cast<unsigned>(std::countr_zero(value(from) >> page_shift));
        const auto fits = static_cast<unsigned>(std::bit_width(pages)) - 1;
        const unsigned order = std::min({aligned, fits, orders - 1});
        blocks_[order].push_back(from);
        from = from + order_bytes(order);
    }
}

std::optional<PhysAddr> PageAllocator::allocate(unsigned order) {
    if (order >= orders)
        return std::nullopt;
    for (unsigned larger = order; larger < orders; larger++) {
        if (blocks_[larger].empty())
            continue;
        const PhysAddr block = blocks_[larger].front();
        blocks_[larger].pop_front();
        // The halves behind the one that is taken, the smallest first.
        for (unsigned half = order; half < larger; half++) blocks_[half].push_back(block + order_bytes(half));
        return block;
    }
    for (; first_ < ranges_.size(); first_++) {
        Range &range = ranges_[first_];
        const std::uint64_t at = align_up(value(range.start), order_bytes(order));
        const bool fits = at >= value(range.start) && at <= value(range.end()) &&
                          value(range.end()) - at >= order_bytes(order);
        const PhysAddr end = range.end();
        keep(range.start, fits ? PhysAddr{at} : end);
        if (!fits)
            continue;
        const PhysAddr rest = PhysAddr{at} + order_bytes(order);
        range = {rest, end - rest};
        return PhysAddr{at};
    }
    return std::nullopt;
}

std::optional<Range> PageAllocator::allocate_run(std::uint64_t pages, std::uint64_t alignment) {
    if (pages == 0 || pages > (UINT64_MAX >> page_shift))
        return std::nullopt;
    const std::uint64_t size = pages * page_size;
    for (std::size_t i = first_; i < ranges_.size(); i++) {
        Range &range = ranges_[i];
        const std::uint64_t at = align_up(value(range.start), alignment);
        if (at < value(range.start) || at > value(range.end()) || value(range.end()) - at < size)
            continue;
        const PhysAddr end = range.end();
        keep(range.start, PhysAddr{at});
        const PhysAddr rest = PhysAddr{at} + size;
        range = {rest, end - rest};
        return Range{PhysAddr{at}, size};
    }
    // Blocks that were passed over are aligned, so one that is large enough serves.
    const std::uint64_t wanted = std::max(size, alignment);
    const auto block = allocate(static_cast<unsigned>(std::bit_width((wanted - 1) >> page_shift)));
    if (!block)
        return std::nullopt;
    keep(*block + size,
         *block + order_bytes(static_cast<unsigned>(std::bit_width((wanted - 1) >> page_shift))));
    return Range{*block, size};
}

}  // namespace kho
