// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/model/handover.h"

#include <algorithm>
#include <utility>

namespace kho {

RangeSet preserved_ranges(std::span<const PreservedBlocks> blocks) {
    std::vector<Range> ranges;
    ranges.reserve(blocks.size());
    for (const PreservedBlocks &run : blocks) ranges.push_back(run.range());
    return RangeSet(std::move(ranges));
}

std::vector<PreservedBlocks> blocks_without(std::span<const PreservedBlocks> blocks, const RangeSet &gone) {
    std::vector<PreservedBlocks> kept;
    kept.reserve(blocks.size());
    for (const PreservedBlocks &run : blocks) {
        const std::uint64_t size = order_bytes(run.order);
        const auto keep = [&](std::uint64_t from, std::uint64_t to) {  // as numbers of blocks
            if (from < to)
                kept.push_back({run.address + from * size, run.order, static_cast<std::uint32_t>(to - from)});
        };
        const std::span<const Range> ranges = gone.ranges();
        auto hit = std::ranges::partition_point(
            ranges, [&](const Range &range) { return range.end() <= run.address; });
        std::uint64_t next = 0;
        for (; hit != ranges.end() && hit->start < run.range().end(); ++hit) {
            const std::uint64_t from = hit->start <= run.address ? 0 : (hit->start - run.address) / size;
            const std::uint64_t to =
                std::min<std::uint64_t>(run.count, (hit->end() - run.address + size - 1) / size);
            keep(next, from);
            next = std::max(next, to);
        }
        keep(next, run.count);
    }
    return kept;
}

RangeSet memory_of(const Handover &handover) {
    std::vector<Range> ranges;
    ranges.reserve(handover.preserved.size() + handover.uses.size());
    for (const PreservedBlocks &run : handover.preserved) ranges.push_back(run.range());
    for (const Use &use : handover.uses) ranges.push_back(use.range);
    return RangeSet(std::move(ranges));
}

}  // namespace kho
