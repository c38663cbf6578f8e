// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/read_map.h"

#include <utility>

namespace kho {
namespace {

constexpr Scope scope{.base = "/preserved-memory-map"};

}  // namespace

void finish_map(ReadContext &context, BlockCollector &blocks, bool complete) {
    BlockCollector::Overlap overlap;
    std::vector<PreservedBlocks> by_address = blocks.by_address(overlap);
    if (overlap.count != 0) {
        complete = false;
        context.fault(Check::block_overlap, scope, value(overlap.dropped.address), 0, [&] {
            return "preserved twice, with orders " + std::to_string(overlap.kept.order) + " and " +
                   std::to_string(overlap.dropped.order) +
                   (overlap.count == 1 ? "" : "; " + std::to_string(overlap.count) + " runs in all");
        });
    }
    context.handover.preserved = by_order(by_address);
    context.set_preserved(BlockIndex(std::move(by_address)), complete);
}

}  // namespace kho
