// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/read/map.h"

#include <utility>

#include "fdt/codec/internal/codec.h"
#include "fdt/codec/internal/map_words.h"
#include "fdt/read/internal/parts.h"

namespace kho {
namespace {

constexpr Scope scope{.base = "/preserved-memory-map"};

bool walk(ReadContext &context, const TakeBits &take) {
    const Handover &handover = context.handover;
    const PhysAddr map = handover.memory_map;
    if (!context.page_address(value(map), "map", Check::map_address, scope, value(map), 0))
        return false;
    return handover.format->map.walk(context, map, take);
}

// All runs by address; `complete`: nothing was wrong.
std::vector<PreservedBlocks> collect(ReadContext &context, bool &complete) {
    BlockCollector blocks;
    complete = walk(context, [&blocks](unsigned order, std::uint64_t first, MapWords words) {
        return for_each_run(words, [&](std::uint64_t bit, std::uint64_t count) {
            return blocks.add(order, first + bit, count);
        });
    });
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
    return by_address;
}

}  // namespace

void read_map(ReadContext &context) {
    bool complete = false;
    std::vector<PreservedBlocks> by_address = collect(context, complete);
    context.handover.preserved = by_order(std::span<const PreservedBlocks>(by_address));
    context.set_preserved(BlockIndex(std::move(by_address)), complete);
}

std::vector<PreservedBlocks> read_preserved_map(const Memory &memory, const KhoFormat &format, PhysAddr map,
                                                Findings &findings) {
    Handover handover{.format = &format, .memory_map = map};
    ReadContext context(&memory, findings, handover);
    context.leave_out_uses();
    bool complete = false;
    return by_order(collect(context, complete));
}

MapTotals read_map_totals(const Memory &memory, const KhoFormat &format, PhysAddr map, Findings &findings) {
    Handover handover{.format = &format, .memory_map = map};
    ReadContext context(&memory, findings, handover);
    context.leave_out_uses();
    MapTotals totals{};
    walk(context, [&totals](unsigned order, std::uint64_t, MapWords words) {
        totals[order] += count_bits(words);
        return true;
    });
    return totals;
}

}  // namespace kho
