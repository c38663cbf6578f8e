// SPDX-License-Identifier: GPL-2.0-or-later
// Reading the map of preserved memory alone.
#pragma once

#include <array>
#include <vector>

#include "fdt/base/memory.h"
#include "fdt/check/check.h"
#include "fdt/model/handover.h"

namespace kho {

// Only the map of preserved memory, as Handover::preserved. Without its own pages' uses.
std::vector<PreservedBlocks> read_preserved_map(const Memory &memory, const KhoFormat &format, PhysAddr map,
                                                Findings &findings);

// Preserved blocks by order. About as quick as memory can be read, whatever lies how in it; takes some 32
// bytes for each page of the map, and none for what is preserved: for callers that need totals, not
// what.
using MapTotals = std::array<std::uint64_t, max_block_order + 1>;

// The map is checked as above, except for what only the list of runs tells: a block that is in the map twice,
// with one order or with two, counts twice in silence, and there are never too many runs (block-overlap and
// map-size are not reported). Where there are findings, the totals are of what is sound.
MapTotals read_map_totals(const Memory &memory, const KhoFormat &format, PhysAddr map, Findings &findings);

}  // namespace kho
