// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/search/locate.h"

#include <algorithm>
#include <vector>

#include "fdt/base/internal/text.h"
#include "fdt/search/find.h"
#include "fdt/search/internal/setup_data.h"

namespace kho {
namespace {

// Candidates that a message lists.
constexpr std::size_t most_listed = 8;

bool same(const abi::kho_data &a, const abi::kho_data &b) {
    return a.fdt_addr == b.fdt_addr && a.fdt_size == b.fdt_size && a.scratch_addr == b.scratch_addr &&
           a.scratch_size == b.scratch_size;
}

abi::kho_data without_scratch(PhysAddr fdt) {
    return {.fdt_addr = value(fdt), .fdt_size = abi::kho_fdt_size, .scratch_addr = 0, .scratch_size = 0};
}

Error ambiguous(const std::string &what, const std::vector<std::uint64_t> &fdts) {
    std::string text = what + ":";
    for (std::size_t i = 0; i < std::min(fdts.size(), most_listed); i++) text += " " + hex(fdts[i]);
    if (fdts.size() > most_listed)
        text += " and " + std::to_string(fdts.size() - most_listed) + " more";
    return {.code = Errc::handover_ambiguous, .what = text + "; name one of them"};
}

// The one that the caller named, with what is known about its scratch array and the machine.
Located by_option(const Image &image, PhysAddr fdt) {
    Located located{.data = without_scratch(fdt), .by = LocatedBy::option, .words = "the given address"};
    if (const auto &recording = image.info().recording) {
        located.memory_map = recording->memory_map;
        if (recording->data.fdt_addr == value(fdt)) {
            located.data = recording->data;
            located.words += ", scratch from the recording's note";
            return located;
        }
    }
    const FindResult result = find(image.memory());
    for (const Found &found : result.found) {
        if (found.kind == FoundKind::boot_params && found.certainty == Certainty::certain &&
            located.memory_map.empty())
            located.memory_map = read_e820(image.memory(), found.address);
        if (found.kind == FoundKind::setup_data && found.certainty != Certainty::possible &&
            found.data->fdt_addr == value(fdt) && !located.scratch_known()) {
            located.data = *found.data;
            located.words += ", scratch from setup_data at " + hex(value(found.address));
        }
    }
    return located;
}

// Nothing if no boot_params lead to a KHO FDT.
std::optional<Result<Located>> by_setup_data(const Memory &memory, const std::vector<Found> &found) {
    std::vector<const Found *> leading;
    for (const Found &f : found)
        if (f.kind == FoundKind::boot_params && f.certainty == Certainty::certain && f.data)
            leading.push_back(&f);
    if (leading.empty())
        return std::nullopt;
    const abi::kho_data &data = *leading.front()->data;
    std::vector<std::uint64_t> fdts;
    for (const Found *f : leading)
        if (std::ranges::find(fdts, f->data->fdt_addr) == fdts.end())
            fdts.push_back(f->data->fdt_addr);
    if (fdts.size() > 1)
        return ambiguous(std::to_string(fdts.size()) + " KHO FDTs that boot_params lead to", fdts);
    if (!std::ranges::all_of(leading, [&](const Found *f) { return same(*f->data, data); }))
        return ambiguous("boot_params disagree about the scratch array of", fdts);
    return Located{
        .data = data,
        .by = LocatedBy::setup_data,
        .words = "boot_params at " + hex(value(leading.front()->address)) + ", " + leading.front()->why,
        .memory_map = read_e820(memory, leading.front()->address)};
}

Result<Located> by_search(const FindResult &result) {
    std::vector<const Found *> fdts;
    for (const Certainty certainty : {Certainty::certain, Certainty::likely}) {
        for (const Found &f : result.found)
            if (f.is_kho_fdt() && f.certainty == certainty)
                fdts.push_back(&f);
        if (!fdts.empty())
            break;
    }
    if (fdts.empty())
        return Error{.code = Errc::handover_not_found,
                     .what = "no KHO FDT in " + hex(result.bytes) + " bytes of memory" +
                             (result.truncated ? ", and the search was not finished" : "")};
    if (fdts.size() > 1) {
        std::vector<std::uint64_t> addresses;
        for (const Found *f : fdts) addresses.push_back(value(f->address));
        return ambiguous(std::to_string(fdts.size()) + " KHO FDTs in memory", addresses);
    }
    const Found &only = *fdts.front();
    Located located{.data = only.data.value_or(without_scratch(only.address)),
                    .by = LocatedBy::search,
                    .words = "the search, the only KHO FDT in memory"};
    if (only.data)
        located.words = "the search, " + only.why;
    return located;
}

}  // namespace

Result<Located> locate(const Image &image, const LocateOptions &options) {
    if (options.fdt)
        return by_option(image, *options.fdt);
    if (const auto &recording = image.info().recording)
        return Located{.data = recording->data,
                       .by = LocatedBy::note,
                       .words = "the recording's note",
                       .memory_map = recording->memory_map};
    if (image.kind() == ImageKind::blob)
        return Error{.code = Errc::handover_not_found, .what = "a blob has no memory around it"};
    const FindResult result = find(image.memory());
    if (std::optional<Result<Located>> located = by_setup_data(image.memory(), result.found))
        return *located;
    return by_search(result);
}

}  // namespace kho
