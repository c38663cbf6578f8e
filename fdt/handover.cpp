// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/handover.h"

#include <utility>

namespace kho {

RangeSet preserved_ranges(std::span<const PreservedBlocks> blocks) {
    std::vector<Range> ranges;
    ranges.reserve(blocks.size());
    for (const PreservedBlocks &run : blocks) ranges.push_back(run.range());
    return RangeSet(std::move(ranges));
}

}  // namespace kho
