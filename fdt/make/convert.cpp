// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/make/convert.h"

#include <algorithm>
#include <array>

#include "fdt/abi/kexec_metadata.h"
#include "fdt/abi/kho_test.h"
#include "fdt/abi/luo.h"
#include "fdt/abi/memblock.h"
#include "fdt/abi/memfd.h"
#include "fdt/base/internal/text.h"
#include "fdt/write/internal/fdt.h"

namespace kho {
namespace {

// Whether the writer makes this again. What it does not understand stays.
bool is_rewritten(UseKind kind) {
    switch (kind) {
        case UseKind::kho_fdt:
        case UseKind::scratch_array:
        case UseKind::map_node:
        case UseKind::map_bitmap:
        case UseKind::luo_root:
        case UseKind::session_array:
        case UseKind::session_block:
        case UseKind::file_array:
        case UseKind::file_block:
        case UseKind::flb_array:
        case UseKind::memfd:
        case UseKind::memfd_array:
        case UseKind::memblock_fdt:
        case UseKind::kexec_metadata:
            return true;
        case UseKind::subtree:
        case UseKind::memfd_folios:
        case UseKind::memblock_reservation:
        case UseKind::kho_test_fdt:
        case UseKind::kho_test_array:
        case UseKind::kho_test_folios:
            break;
    }
    return false;
}

// The blocks that have no page in `gone`.
std::vector<PreservedBlocks> without(std::span<const PreservedBlocks> blocks, const RangeSet &gone) {
    std::vector<PreservedBlocks> kept;
    for (const PreservedBlocks &run : blocks) {
        const std::uint64_t size = order_bytes(run.order);
        const auto keep = [&](std::uint64_t from, std::uint64_t to) {  // as numbers of blocks
            if (from < to)
                kept.push_back({run.address + from * size, run.order, static_cast<std::uint32_t>(to - from)});
        };
        const std::span<const Range> ranges = gone.ranges();
        auto hit = std::ranges::partition_point(
            ranges, [&](const Range &range) { return range.end() <= run.address; });
        std::uint64_t next = 0;
        for (; hit != ranges.end() && hit->start < run.range().end(); ++hit) {
            const std::uint64_t from = hit->start <= run.address ? 0 : (hit->start - run.address) / size;
            const std::uint64_t to =
                std::min<std::uint64_t>(run.count, (hit->end() - run.address + size - 1) / size);
            keep(next, from);
            next = std::max(next, to);
        }
        keep(next, run.count);
    }
    return kept;
}

class Converter {
public:
    Converter(const Handover &source, const Memory &memory, const Generation &target)
        : source_(source), memory_(memory), target_(target), content_(source) {}

    Result<Conversion> run(const RangeSet &usable) {
        if (source_.format == KhoFormat::unknown ||
            (source_.luo && source_.luo->format == LuoFormat::unknown))
            return Error{.code = Errc::malformed, .what = "the handover's format is not known"};
        if (source_.scratch.empty())
            return Error{.code = Errc::scratch_array, .what = "the scratch areas are not known"};
        for (const Use &use : source_.uses)
            if (is_rewritten(use.kind))
                gone_.push_back(use.range);
        if (content_.luo)
            reduce_luo(*content_.luo);
        reduce_metadata();
        if (Outcome outcome = settle_subtrees(); !outcome)
            return outcome.error();
        content_.preserved = without(source_.preserved, RangeSet(std::move(gone_)));
        const RangeSet kept = preserved_ranges(content_.preserved);
        Result<Written> written = write_handover(content_, target_, usable.minus(kept));
        if (!written)
            return written.error();
        return Conversion{
            .written = std::move(written).value(), .content = kept, .losses = std::move(losses_)};
    }

private:
    void lose(std::string path, std::string what) { losses_.push_back({std::move(path), std::move(what)}); }
    std::string target() const { return "Linux " + std::string(target_.release); }

    static std::string path(std::size_t session, const std::string &name) {
        return "/LUO/sessions/" + std::to_string(session) + ' ' + in_quotes(name);
    }

    // The memory of a file that does not come along.
    void drop(const LuoFile &file) {
        if (file.memfd)
            for (const MemfdFolio &folio : file.memfd->folios)
                gone_.push_back({folio.address, folio.bytes()});
    }

    void reduce_luo(Luo &luo) {
        if (luo.flbs && !target_.flbs) {
            for (std::size_t i = 0; i < luo.flbs->size(); i++)
                lose("/LUO/flbs/" + std::to_string(i) + ' ' + in_quotes((*luo.flbs)[i].name),
                     target() + " has no place for FLBs; the memory behind it stays preserved");
            luo.flbs.reset();
        }
        for (std::size_t i = target_.max_sessions; i < luo.sessions.size(); i++) {
            lose(path(i, luo.sessions[i].name),
                 target() + " holds at most " + std::to_string(target_.max_sessions) + " sessions");
            std::ranges::for_each(luo.sessions[i].files, [this](const LuoFile &file) { drop(file); });
        }
        luo.sessions.resize(std::min<std::size_t>(luo.sessions.size(), target_.max_sessions));
        for (std::size_t i = 0; i < luo.sessions.size(); i++) reduce_session(luo.sessions[i], i);
    }

    void reduce_session(LuoSession &session, std::size_t index) {
        std::vector<LuoFile> &files = session.files;
        for (std::size_t j = target_.max_files_per_session; j < files.size(); j++) {
            lose(path(index, session.name) + "/files/" + std::to_string(j),
                 target() + " holds at most " + std::to_string(target_.max_files_per_session) +
                     " files in a session");
            drop(files[j]);
        }
        files.resize(std::min<std::size_t>(files.size(), target_.max_files_per_session));
        for (std::size_t j = 0; j < files.size(); j++) {
            if (!files[j].memfd)
                continue;
            const std::uint32_t seals = restored_seals(files[j]);
            if (!target_.memfd_has_seals() && seals != abi::memfd_seal_seal)
                lose(path(index, session.name) + "/files/" + std::to_string(j),
                     "seals " + hex(seals) + ": " + std::string(target_.memfd_compatible) +
                         " has no place for them, the file comes back with " + hex(abi::memfd_seal_seal));
            files[j].memfd->seals = target_.memfd_has_seals() ? seals : 0;
        }
    }

    void reduce_metadata() {
        if (!content_.kexec_metadata || target_.kexec_metadata)
            return;
        lose("/kexec-metadata", "previous release " + in_quotes(content_.kexec_metadata->previous_release) +
                                    " and count " + std::to_string(content_.kexec_metadata->kexec_count) +
                                    ": " + target() + " does not know it");
        content_.kexec_metadata.reset();
    }

    bool is_described(const Subtree &subtree) const {
        return (subtree.name == abi::luo_subtree_name && source_.luo) ||
               (subtree.name == abi::memblock_subtree_name && source_.memblock) ||
               (subtree.name == abi::kexec_metadata_subtree_name && source_.kexec_metadata);
    }

    // What is carried over as it is: its size may appear, or disappear.
    Outcome settle_subtrees() {
        const bool had_sizes = source_.format != KhoFormat::v1;
        if (had_sizes == target_.blob_sizes)
            return success();
        for (Subtree &subtree : content_.subtrees) {
            if (is_described(subtree))
                continue;
            std::array<std::byte, 64> head{};
            if (Outcome outcome = memory_.read(subtree.address, head); !outcome)
                return outcome;
            const std::optional<std::uint64_t> fdt_size = fdt_total_size(head);
            if (!had_sizes)
                subtree.size = fdt_size.value_or(page_size);
            else if (subtree.size != fdt_size.value_or(page_size))
                lose('/' + printable(subtree.name),
                     "size " + std::to_string(subtree.size) +
                         " of the blob: " + std::string(compatible(target_.kho)) + " has no place for it");
        }
        return success();
    }

    const Handover &source_;
    const Memory &memory_;
    const Generation &target_;
    Handover content_;
    std::vector<Range> gone_;
    std::vector<Loss> losses_;
};

}  // namespace

Result<Conversion> convert(const Handover &source, const Memory &memory, const Generation &target,
                           const RangeSet &usable) {
    return Converter(source, memory, target).run(usable);
}

Outcome OverlayMemory::read(PhysAddr from, std::span<std::byte> out) const {
    while (!out.empty()) {
        const std::span<const Range> ranges = ranges_.ranges();
        const auto range = std::ranges::partition_point(
            ranges, [from](const Range &candidate) { return candidate.end() <= from; });
        const bool here = range != ranges.end() && range->start <= from;
        std::uint64_t most = out.size();
        if (range != ranges.end())
            most = std::min(most, here ? range->end() - from : range->start - from);
        const std::span<std::byte> piece = out.first(most);
        if (Outcome outcome = here ? over_.read(from, piece) : base_.read(from, piece); !outcome)
            return outcome;
        out = out.subspan(most);
        from = from + most;
    }
    return success();
}

}  // namespace kho
