// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/metadata.h"

#include <algorithm>

#include "fdt/abi/luo.h"
#include "fdt/abi/units.h"
#include "fdt/write/writer.h"

namespace kexec_handover {
namespace {

using kho::gib;
using kho::mib;
using kho::PhysAddr;
using kho::PreservedBlocks;
using kho::Range;
using kho::RangeSet;

// Free memory above the first MiB, which firmware and old boot code consider theirs.
RangeSet free_memory(const KexecRequest &request) {
    RangeSet free = request.usable.minus(request.preserved_ranges).minus(request.scratch_ranges);
    free.subtract({PhysAddr{0}, mib});
    return free;
}

// The uppermost of it below 4 GiB: there a kernel reaches it with its earliest page tables, and it is away
// from where kernels have most of their memory, so that what the guest forgot to preserve is found poisoned
// and not overwritten.
RangeSet uppermost(const RangeSet &free) {
    constexpr std::uint64_t enough = 32 * mib;
    const RangeSet low = free.intersect(RangeSet({{PhysAddr{0}, 4 * gib}}));
    std::vector<Range> chosen;
    std::uint64_t bytes = 0;
    for (auto range = low.ranges().rbegin(); range != low.ranges().rend() && bytes < enough; ++range) {
        const std::uint64_t size = std::min(range->size, enough - bytes);
        chosen.push_back({range->end() - size, size});
        bytes += size;
    }
    return RangeSet(std::move(chosen));
}

Metadata of_found(const FoundHandover &found, const KexecRequest &request) {
    std::vector<Range> memory(found.unpreserved.ranges().begin(), found.unpreserved.ranges().end());
    const auto preserved = request.preserved_ranges.ranges();
    memory.insert(memory.end(), preserved.begin(), preserved.end());
    return {.pages = std::nullopt,
            .written = {},
            .memory = RangeSet(std::move(memory)),
            .luo_root = found.luo_root,
            .handover = found.data,
            .release = found.release};
}

// The guest's arrays that are preserved blocks, but for those in whose pages a subtree lies, or where a file's or FLB's data begins.
RangeSet dispensable(const KexecRequest &request) {
    std::vector<Range> named;
    for (const kho::Subtree &subtree : request.subtrees) named.push_back({subtree.address, subtree.size});
    const auto add_data = [&](std::uint64_t data) {
        if (const auto byte = Range::checked(data, 1))
            named.push_back(*byte);
    };
    for (const kho::LuoSession &session : request.sessions)
        for (const kho::LuoFile &file : session.files) add_data(file.data);
    for (const kho::LuoFlb &flb : request.flbs) add_data(flb.data);
    const RangeSet needed(std::move(named));
    std::vector<Range> gone;
    for (const PreservedBlocks &block : request.replaced)
        if (is_preserved_block(request, block.address, block.order) && !needed.overlaps(block.range()))
            gone.push_back(block.range());
    return RangeSet(std::move(gone));
}

kho::Handover content_of(const KexecRequest &request, const kho::Release &release) {
    kho::Handover content;
    for (const kho::abi::kho_scratch &area : request.scratch)
        content.scratch.push_back({PhysAddr{area.addr}, area.size});
    content.preserved = kho::blocks_without(request.preserved, dispensable(request));
    content.subtrees = request.subtrees;
    if (value(request.session_header) == 0)
        return content;
    // The device's own comes first, as the kernels' does.
    content.subtrees.insert(content.subtrees.begin(), {std::string(kho::abi::luo_subtree_name), {}, 0});
    content.luo = kho::Luo{.liveupdate_number = request.liveupdate_number, .sessions = request.sessions};
    if (release.flbs)
        content.luo->flbs = request.flbs;
    return content;
}

}  // namespace

Checked<Metadata> make_metadata(const KexecRequest &request, const kho::Release &release) {
    if (request.found)
        return of_found(*request.found, request);
    if (!request.flbs.empty() && (!release.flbs || value(request.session_header) == 0))
        return Refusal{Status::flbs_not_supported, request.flbs.size(), value(request.flb_header),
                       release.flbs ? "FLBs without a session header"
                                    : "the format of Linux " + release.name + " has no place for " +
                                          std::to_string(request.flbs.size()) + " FLBs"};
    const kho::Handover content = content_of(request, release);
    const RangeSet free = free_memory(request);
    auto written = kho::write_handover(content, release, uppermost(free), kho::Undescribed::kept);
    if (!written && written.error().code == kho::Errc::no_room)
        written = kho::write_handover(content, release, free, kho::Undescribed::kept);
    if (!written)
        return refusal(written.error());
    Metadata metadata;
    metadata.written = written.value().pages.ranges();
    std::vector<Range> memory(metadata.written.ranges().begin(), metadata.written.ranges().end());
    for (const PreservedBlocks &blocks : content.preserved) memory.push_back(blocks.range());
    metadata.memory = RangeSet(std::move(memory));
    metadata.luo_root = written.value().handover.luo ? written.value().handover.luo->root : PhysAddr{};
    metadata.handover = written.value().data;
    metadata.release = release.name;
    metadata.pages.emplace(std::move(written.value().pages));
    return metadata;
}

}  // namespace kexec_handover
