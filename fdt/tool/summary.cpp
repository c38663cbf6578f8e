// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/tool/summary.h"

#include "fdt/model/generation.h"
#include "fdt/model/release.h"

namespace kho::tool {
namespace {

// Of a blob without the KHO part: by what it has of LUO.
bool may_write(const Generation &generation, const Handover &handover) {
    // luo-v1 with and without FLBs is what 6.19 and 7.0 differ in.
    return !handover.luo ||
           (generation.luo == handover.luo->format &&
            (handover.luo->format != LuoFormat::v1 || generation.flbs == handover.luo->flbs.has_value()));
}

}  // namespace

Summary summarize(const Handover &handover, bool partial) {
    Summary summary;
    if (partial && handover.format == KhoFormat::unknown) {
        for (const Generation &generation : generations())
            if (may_write(generation, handover))
                summary.releases.push_back(generation.release);
    } else {
        for (const Release *release : releases_writing(handover)) summary.releases.push_back(release->name);
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

    std::array<std::uint64_t, static_cast<std::size_t>(UseKind::kho_test_folios) + 1> uses{};
    std::vector<Range> used;
    for (const Use &use : handover.uses) {
        uses[static_cast<std::size_t>(use.kind)] += use.range.size;
        used.push_back(use.range);
    }
    for (std::size_t i = 0; i < uses.size(); i++)
        if (uses[i] != 0)
            summary.uses.push_back({static_cast<UseKind>(i), uses[i]});
    summary.unknown_bytes = preserved_ranges(handover.preserved).minus(RangeSet(std::move(used))).bytes();

    for (const Range &area : handover.scratch)
        summary.scratch_bytes = saturating_add(summary.scratch_bytes, area.size);
    if (!handover.luo)
        return summary;
    summary.sessions = handover.luo->sessions.size();
    for (const LuoSession &session : handover.luo->sessions) {
        summary.files += session.files.size();
        for (const LuoFile &file : session.files) {
            if (!file.memfd)
                continue;
            summary.memfds++;
            summary.memfd_bytes = saturating_add(summary.memfd_bytes, file.memfd->size);
            for (const MemfdFolio &folio : file.memfd->folios)
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
