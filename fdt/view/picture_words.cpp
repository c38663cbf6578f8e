// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/view/internal/picture_words.h"

#include "fdt/base/internal/size_text.h"
#include "fdt/base/internal/text.h"

namespace kho {

std::string pages_text(const PageCounts &counts) {
    std::string text;
    for (std::size_t kind = page_kinds; kind-- > 0;) {
        if (counts[kind] == 0)
            continue;
        if (!text.empty())
            text += ", ";
        text += std::to_string(counts[kind]) + (counts[kind] == 1 ? " page " : " pages ");
        text += name(static_cast<PageKind>(kind));
    }
    return text;
}

std::string use_text(const Handover &handover, const Stretch &stretch) {
    if (stretch.use >= handover.uses.size())
        return {};
    const Use &use = handover.uses[stretch.use];
    std::string text = path_of(handover, use);
    if (is_content(use.kind) && use.file != Use::none && handover.luo &&
        use.item < handover.luo->sessions.size()) {
        const LuoSession &session = handover.luo->sessions[use.item];
        if (use.file < session.files.size())
            text += " (token " + hex(session.files[use.file].token) + ")";
    }
    return text + " [" + name(use.kind) + "]";
}

std::string owner_text(const Handover &handover, const Stretch &stretch) {
    if (stretch.use >= handover.uses.size())
        return {};
    const Use &use = handover.uses[stretch.use];
    if (use.kind == UseKind::memblock_reservation && handover.memblock &&
        use.item < handover.memblock->size())
        return printable((*handover.memblock)[use.item].name);
    if (!is_content(use.kind) || use.file == Use::none || !handover.luo ||
        use.item >= handover.luo->sessions.size())
        return {};
    const LuoSession &session = handover.luo->sessions[use.item];
    if (use.file >= session.files.size())
        return {};
    return printable(session.name) + ":" + hex(session.files[use.file].token);
}

std::string item_text(const Handover &handover, const DetailItem &item) {
    std::string text = hex(value(item.range.start)) + " to " + hex(value(item.range.end()) - 1) + ", " +
                       size_text(item.range.size) + ": " + pages_text(item.counts);
    if (!item.uniform)
        return text;
    if (item.stretch.order != Stretch::not_preserved)
        text += ", order " + std::to_string(item.stretch.order);
    if (const std::string use = use_text(handover, item.stretch); !use.empty())
        text += ", " + use;
    return text;
}

std::map<std::uint32_t, OrderTotal> totals_by_order(const Handover &handover) {
    std::map<std::uint32_t, OrderTotal> totals;
    for (const PreservedBlocks &run : handover.preserved) {
        OrderTotal &total = totals[run.order];
        total.blocks += run.count;
        total.bytes += run.bytes();
    }
    return totals;
}

}  // namespace kho
