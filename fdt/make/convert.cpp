// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/make/convert.h"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>

#include "fdt/base/internal/fdt_page.h"
#include "fdt/base/internal/pieces.h"
#include "fdt/base/internal/text.h"
#include "fdt/codec/internal/codec.h"
#include "fdt/codec/internal/file_handler.h"
#include "fdt/model/subtrees.h"

namespace kho {
namespace {

class Converter {
public:
    Converter(const Handover &source, const Memory &memory, const Release &target)
        : source_(source), memory_(memory), target_(target), content_(source) {}

    Result<Conversion> run(const RangeSet &usable) {
        if (source_.format == nullptr || (source_.luo && source_.luo->format == nullptr))
            return Error{.code = Errc::malformed, .what = "the handover's format is not known"};
        if (source_.scratch.empty())
            return Error{.code = Errc::scratch_array, .what = "the scratch areas are not known"};
        for (const Use &use : source_.uses)
            if (use.kind->is_rewritten)
                gone_.push_back(use.range);
        if (content_.luo)
            reduce_luo(*content_.luo);
        reduce_metadata();
        if (Outcome outcome = settle_subtrees(); !outcome)
            return outcome.error();
        content_.preserved = blocks_without(source_.preserved, RangeSet(std::move(gone_)));
        const RangeSet kept = preserved_ranges(content_.preserved);
        Result<Written> written = write_handover(content_, target_, usable.minus(kept));
        if (!written)
            return written.error();
        return Conversion{
            .written = std::move(written).value(), .content = kept, .losses = std::move(losses_)};
    }

private:
    void lose(std::string path, std::string what) { losses_.push_back({std::move(path), std::move(what)}); }
    std::string target() const { return "Linux " + target_.name; }

    // The memory of a file that does not come along.
    void drop(const LuoFile &file) {
        if (file.body)
            std::ranges::copy(file.body.handler()->memory(file), std::back_inserter(gone_));
    }

    void reduce_luo(Luo &luo) {
        if (luo.flbs && !target_.flbs) {
            for (std::size_t i = 0; i < luo.flbs->size(); i++)
                lose("/LUO/flbs/" + std::to_string(i) + ' ' + in_quotes((*luo.flbs)[i].name),
                     target() + " has no place for FLBs; the memory behind it stays preserved");
            luo.flbs.reset();
        }
        const std::uint64_t most = target_.luo->entries.max_sessions();
        for (std::size_t i = most; i < luo.sessions.size(); i++) {
            lose(session_path(i, luo.sessions[i].name),
                 target() + " holds at most " + std::to_string(most) + " sessions");
            std::ranges::for_each(luo.sessions[i].files, [this](const LuoFile &file) { drop(file); });
        }
        luo.sessions.resize(std::min<std::size_t>(luo.sessions.size(), most));
        for (std::size_t i = 0; i < luo.sessions.size(); i++) reduce_session(luo.sessions[i], i);
    }

    void reduce_session(LuoSession &session, std::size_t index) {
        std::vector<LuoFile> &files = session.files;
        const auto path = [&](std::size_t file) {
            return session_path(index, session.name) + "/files/" + std::to_string(file);
        };
        const std::uint64_t most = target_.luo->entries.max_files();
        for (std::size_t j = most; j < files.size(); j++) {
            lose(path(j), target() + " holds at most " + std::to_string(most) + " files in a session");
            drop(files[j]);
        }
        files.resize(std::min<std::size_t>(files.size(), most));
        std::vector<LuoFile> kept;
        kept.reserve(files.size());
        for (std::size_t j = 0; j < files.size(); j++) {
            if (adapt(files[j], [&](std::string what) { lose(path(j), std::move(what)); }))
                kept.push_back(std::move(files[j]));
            else
                drop(files[j]);
        }
        files = std::move(kept);
    }

    // To the target's handler for this type of file. False: it has none. Files of unknown handlers stay as they are.
    bool adapt(LuoFile &file, const std::function<void(std::string)> &lose) const {
        if (!file.body)
            return true;
        const FileHandler *handler = handler_for(target_, file.body);
        if (handler == nullptr)
            lose(target() + " has no handler for " + in_quotes(file.compatible));
        else
            handler->adapt(file, lose);
        return handler != nullptr;
    }

    void reduce_metadata() {
        if (!content_.kexec_metadata || target_.kho->kexec_metadata)
            return;
        lose("/kexec-metadata", "previous release " + in_quotes(content_.kexec_metadata->previous_release) +
                                    " and count " + std::to_string(content_.kexec_metadata->kexec_count) +
                                    ": " + target() + " does not know it");
        content_.kexec_metadata.reset();
    }

    // What is carried over as it is: its size may appear, or disappear.
    Outcome settle_subtrees() {
        const bool had_sizes = source_.format->has_sizes();
        if (had_sizes == target_.kho->has_sizes())
            return success();
        for (Subtree &subtree : content_.subtrees) {
            if (is_rewritten(source_, subtree))
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
    const Release &target_;
    Handover content_;
    std::vector<Range> gone_;
    std::vector<Loss> losses_;
};

}  // namespace

Result<Conversion> convert(const Handover &source, const Memory &memory, const Release &target,
                           const RangeSet &usable) {
    return Converter(source, memory, target).run(usable);
}

Outcome OverlayMemory::read(PhysAddr from, std::span<std::byte> out) const {
    return read_pieces(
        ranges_.ranges(), std::identity{}, from, out,
        [this](const Range &range, std::uint64_t skip, std::span<std::byte> part) {
            return over_.read(range.start + skip, part);
        },
        [this](PhysAddr at, std::span<std::byte> part) { return base_.read(at, part); });
}

}  // namespace kho
