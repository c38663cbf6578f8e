// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/model/handover.h"

#include <utility>

namespace kho {

RangeSet preserved_ranges(std::span<const PreservedBlocks> blocks) {
    std::vector<Range> ranges;
    ranges.reserve(blocks.size());
    for (const PreservedBlocks &run : blocks) ranges.push_back(run.range());
    return RangeSet(std::move(ranges));
}

RangeSet memory_of(const Handover &handover) {
    std::vector<Range> ranges;
    ranges.reserve(handover.preserved.size() + handover.uses.size());
    for (const PreservedBlocks &run : handover.preserved) ranges.push_back(run.range());
    for (const Use &use : handover.uses) ranges.push_back(use.range);
    return RangeSet(std::move(ranges));
}

}  // namespace kho
