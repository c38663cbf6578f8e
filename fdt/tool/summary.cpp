// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/tool/summary.h"

#include <algorithm>

#include "fdt/formats/releases.h"
#include "fdt/handlers/memfd.h"

namespace kho::tool {
namespace {

bool by_position(const UseTotal &a, const UseTotal &b) { return a.kind->position < b.kind->position; }

}  // namespace

Summary summarize(const Handover &handover, bool partial) {
    Summary summary;
    if (partial && handover.format == nullptr) {
        // A blob without the KHO part: by what it has of LUO.
        for (const Release &release : releases())
            if (writes_luo(release, handover))
                summary.releases.push_back(release.name);
    } else {
        for (const Release *release : linux_formats().writing(handover))
            summary.releases.push_back(release->name);
    }

    std::array<OrderTotal, max_block_order + 1> orders{};
    for (const PreservedBlocks &run : handover.preserved) {
        OrderTotal &total = orders[std::min(run.order, max_block_order)];
        total.order = run.order;
        total.blocks += run.count;
        total.bytes += run.bytes();
        summary.preserved_blocks += run.count;
        summary.preserved_bytes += run.bytes();
    }
    for (const OrderTotal &total : orders)
        if (total.blocks != 0)
            summary.orders.push_back(total);

    std::vector<Range> used;
    for (const Use &use : handover.uses) {
        const auto total = std::ranges::find(summary.uses, use.kind, &UseTotal::kind);
        if (total != summary.uses.end())
            total->bytes += use.range.size;
        else
            summary.uses.push_back({use.kind, use.range.size});
        used.push_back(use.range);
    }
    std::ranges::sort(summary.uses, by_position);
    summary.unknown_bytes = preserved_ranges(handover.preserved).minus(RangeSet(std::move(used))).bytes();

    for (const Range &area : handover.scratch)
        summary.scratch_bytes = saturating_add(summary.scratch_bytes, area.size);
    if (!handover.luo)
        return summary;
    summary.sessions = handover.luo->sessions.size();
    for (const LuoSession &session : handover.luo->sessions) {
        summary.files += session.files.size();
        for (const LuoFile &file : session.files) {
            const Memfd *memfd = memfd_of(file);
            if (memfd == nullptr)
                continue;
            summary.memfds++;
            summary.memfd_bytes = saturating_add(summary.memfd_bytes, memfd->size);
            for (const MemfdFolio &folio : memfd->folios)
                summary.folio_bytes = saturating_add(summary.folio_bytes, folio.bytes());
        }
    }
    return summary;
}

std::string releases_text(const std::vector<std::string_view> &releases) {
    std::string text;
    for (const std::string_view release : releases)
        text += (text.empty() ? "Linux " : ", ") + std::string(release);
    return text.empty() ? "no released kernel" : text;
}

}  // namespace kho::tool
