// SPDX-License-Identifier: GPL-2.0-or-later
// Checks over everything that was read: pages with two uses, and what lies where it must not.
#include <algorithm>

#include "fdt/read/internal/parts.h"

namespace kho {
namespace {

constexpr Scope scratch_scope{.base = "/scratch"};
constexpr Scope map_scope{.base = "/preserved-memory-map"};

void check_scratch(ReadContext &context) {
    const Handover &handover = context.handover;
    for (std::size_t i = 0; i < handover.scratch.size(); i++) {
        const Range &area = handover.scratch[i];
        if (context.preserved().ranges().overlaps(area))
            context.fault(Check::scratch_preserved, scratch_scope, value(handover.scratch_array.start), i,
                          [&] {
                              return "area " + hex(value(area.start)) + " + " + hex(area.size) +
                                     " holds preserved memory";
                          });
    }
    const RangeSet scratch(handover.scratch);
    for (const Use &use : handover.uses)
        if ((use.kind == UseKind::map_node || use.kind == UseKind::map_bitmap) &&
            scratch.overlaps(use.range) && !context.preserved().ranges().overlaps(use.range)) {
            context.fault(Check::scratch_map, map_scope, value(use.range.start), 0, [&] {
                return std::string(name(use.kind)) + " at " + hex(value(use.range.start)) +
                       " lies in a scratch area";
            });
        }
}

void check_two_uses(ReadContext &context) {
    const Handover &handover = context.handover;
    std::size_t longest = 0;  // index of the use that reaches furthest so far
    for (std::size_t i = 1; i < handover.uses.size(); i++) {
        const Use &before = handover.uses[longest];
        const Use &use = handover.uses[i];
        if (use.range.start < before.range.end()) {
            const std::string path = path_of(handover, use);
            context.fault(Check::page_two_uses, Scope{.base = path}, value(use.range.start), 0, [&] {
                return std::string(name(use.kind)) + " in page " + hex(value(use.range.start)) +
                       ", which is used as " + name(before.kind) + " by " + path_of(handover, before);
            });
        }
        if (use.range.end() > before.range.end())
            longest = i;
    }
}

}  // namespace

void check_uses(ReadContext &context) {
    std::vector<Use> &uses = context.handover.uses;
    const auto by_address = [](const Use &a, const Use &b) {
        return a.range.start != b.range.start ? a.range.start < b.range.start : a.range.size > b.range.size;
    };
    if (!std::is_sorted(uses.begin(), uses.end(), by_address))
        std::stable_sort(uses.begin(), uses.end(), by_address);
    check_two_uses(context);
    check_scratch(context);
}

void check_ram(ReadContext &context, const RangeSet &ram) {
    const RangeSet missing = context.preserved().ranges().minus(ram);
    for (const Range &outside : missing.ranges())
        context.fault(Check::block_outside_ram, map_scope, value(outside.start), 0, [&] {
            return hex(outside.size) + " preserved bytes at " + hex(value(outside.start)) + " are not in RAM";
        });
}

}  // namespace kho
