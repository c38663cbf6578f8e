// SPDX-License-Identifier: GPL-2.0-or-later
// LUO: the root by its codec, then sessions and files by theirs, FLBs, and what the files' handlers wrote.
// Follows kernel/liveupdate/luo_core.c and luo_flb.c.
#include <algorithm>
#include <unordered_set>

#include "fdt/abi/luo.h"
#include "fdt/codec/internal/codec.h"
#include "fdt/codec/internal/file_handler.h"
#include "fdt/read/internal/parts.h"

namespace kho {
namespace {

constexpr Scope luo_scope{.base = "/LUO"};
constexpr Scope flb_scope{.base = "/LUO/flbs"};

void check_version(ReadContext &context, const Formats &formats, const Luo &luo) {
    if (context.handover.format == nullptr)
        return;
    const std::vector<const LuoFormat *> expected = formats.luo(context.handover.format);
    if (std::ranges::find(expected, luo.format) != expected.end())
        return;
    context.fault(Check::luo_compatible, luo_scope, value(luo.root), 0, [&] {
        return "seen " + in_quotes(luo.format->compatible) + ", expected " +
               in_quotes(expected[0]->compatible) + ", which goes with " +
               in_quotes(context.handover.format->compatible);
    });
}

void read_flbs(ReadContext &context, PhysAddr header, std::vector<LuoFlb> &flbs) {
    const std::uint64_t at = value(header);
    if (!context.page_address(at, "FLB array", Check::flb_address, flb_scope, at, 0))
        return;
    const Range page{header, abi::flb_area_pages * page_size};
    struct {
        abi::luo_flb_header_ser header;
        abi::luo_flb_ser entries[abi::max_flbs];
    } area;
    static_assert(sizeof area <= page_size);
    if (!context.load(header, area, Check::flb_address, flb_scope, at, 0))
        return;
    context.require_preserved(page, "FLB array", flb_scope);
    if (!context.claim(page, UseKind::flb_array, flb_scope))
        return;
    context.expect_block(header, 0, "FLB array", flb_scope);
    if (area.header.pgcnt != abi::flb_area_pages)
        context.fault(Check::flb_pages, flb_scope, at, 0,
                      [&] { return "pgcnt is " + std::to_string(area.header.pgcnt) + ", expected 1"; });
    if (area.header.count > abi::max_flbs) {
        context.fault(Check::flb_count, flb_scope, at, 0, [&] {
            return std::to_string(area.header.count) + " FLBs, expected at most " +
                   std::to_string(abi::max_flbs);
        });
        return;
    }
    std::unordered_set<std::string_view> names;
    for (std::uint64_t i = 0; i < area.header.count; i++) {
        const abi::luo_flb_ser &entry = area.entries[i];
        const std::uint64_t entry_at = at + sizeof area.header + i * sizeof entry;
        const std::string path = "/LUO/flbs/" + std::to_string(i);
        const Scope scope{.base = path};
        const std::optional<std::string_view> name = terminated(entry.name);
        if (!name || name->empty())
            context.fault(Check::flb_name, scope, entry_at, i, [&] {
                return "name " + in_quotes({entry.name, name ? 0 : sizeof entry.name}) +
                       (name ? " is empty" : " has no end");
            });
        else if (!names.insert(*name).second)
            context.fault(Check::flb_name_twice, scope, entry_at, i,
                          [&] { return "name " + in_quotes(*name) + " is there twice"; });
        if (entry.count == 0)
            context.fault(Check::flb_reference_count, scope, entry_at, i,
                          [] { return std::string("count is 0, expected at least one file"); });
        flbs.push_back({.name = std::string(name.value_or(std::string_view(entry.name, sizeof entry.name))),
                        .data = entry.data,
                        .count = entry.count});
    }
}

void read_file(ReadContext &context, LuoFile &file, const FileHandler &handler, PageSet &seen,
               const Scope &scope) {
    if (!context.page_address(file.data, "data", Check::file_data, scope, file.data, scope.file))
        return;
    if (!seen.insert(PhysAddr{file.data})) {
        context.fault(Check::file_data_twice, scope, file.data, scope.file,
                      [&] { return "data at " + hex(file.data) + " is another file's too"; });
        return;
    }
    handler.read(context, file, scope);
}

// Finds the handlers of files. Neighbouring files mostly have the same one.
class HandlerFinder {
public:
    HandlerFinder(const Formats &formats, const KhoFormat *with)
        : known_(formats.handlers(nullptr)), expected_(formats.handlers(with)) {}

    // nullptr if no release has it.
    const FileHandler *find(const LuoFile &file) {
        if (file.compatible != last_ || !valid_) {
            last_ = file.compatible;
            valid_ = true;
            const auto found = std::ranges::find(known_, last_, &FileHandler::compatible);
            handler_ = found == known_.end() ? nullptr : *found;
            is_expected_ = std::ranges::find(expected_, handler_) != expected_.end();
        }
        return handler_;
    }
    // Of the file that was asked for last: whether a release that writes this KHO part has the handler.
    bool is_expected() const { return is_expected_; }
    std::string expected_names() const {
        std::string names;
        for (const FileHandler *one : expected_)
            names += (names.empty() ? "" : " or ") + in_quotes(one->compatible());
        return names;
    }

private:
    std::vector<const FileHandler *> known_, expected_;
    std::string last_;
    bool valid_ = false;
    const FileHandler *handler_ = nullptr;
    bool is_expected_ = false;
};

// What the handlers wrote: all sessions are known by now.
void read_file_data(ReadContext &context, const Formats &formats, Luo &luo) {
    HandlerFinder handlers(formats, context.handover.format);
    PageSet seen;
    for (std::size_t i = 0; i < luo.sessions.size(); i++) {
        LuoSession &session = luo.sessions[i];
        Scope scope{.base = "/LUO", .session = static_cast<std::uint32_t>(i), .session_name = &session.name};
        for (std::size_t j = 0; j < session.files.size(); j++) {
            LuoFile &file = session.files[j];
            scope.file = static_cast<std::uint32_t>(j);
            const FileHandler *handler = handlers.find(file);
            if (!handlers.is_expected() && !file.compatible.empty())
                context.fault(Check::file_handler, scope, 0, j, [&] {
                    return "expected " + handlers.expected_names() + ", seen " + in_quotes(file.compatible);
                });
            if (handler != nullptr)
                read_file(context, file, *handler, seen, scope);
        }
    }
}

// By its content, so that a root of the wrong release can be read too.
const LuoFormat &format_of(std::span<const std::byte> blob, const Formats &formats, const KhoFormat *with) {
    const std::vector<const LuoFormat *> expected = formats.luo(with), known = formats.luo(nullptr);
    for (const auto *candidates : {&expected, &known})
        for (const LuoFormat *format : *candidates)
            if (format->root.recognizes(blob))
                return *format;
    return *expected[0];
}

// Whether all releases that write this root with this KHO part have a place for FLBs.
bool insists_on_flbs(const Formats &formats, const KhoFormat *kho, const LuoFormat &luo) {
    return std::ranges::all_of(formats.releases, [&](const Release &release) {
        return release.kho != kho || release.luo != &luo || release.flbs;
    });
}

}  // namespace

void read_luo(ReadContext &context, const Formats &formats, const Subtree &subtree) {
    Luo luo{.root = subtree.address};
    const KhoFormat *kho = context.handover.format;
    const std::uint64_t least_size = formats.luo(kho)[0]->root.least_size();
    if (kho->has_sizes() && subtree.size < least_size) {
        context.fault(Check::luo_size, luo_scope, value(subtree.address), 0, [&] {
            return "blob-size is " + std::to_string(subtree.size) + ", expected at least " +
                   std::to_string(least_size);
        });
        return;
    }
    std::vector<std::byte> blob(std::min(subtree.size, page_size));
    if (!context.read(subtree.address, blob, Check::subtree_address, luo_scope, value(context.handover.fdt),
                      0))
        return;
    const Range page{subtree.address, page_size};
    context.require_preserved(page, "LUO root", luo_scope);
    if (!context.claim(page, UseKind::luo_root, luo_scope))
        return;
    context.expect_block(subtree.address, 0, "LUO root", luo_scope);
    const bool has_sessions = read_luo_root(context, formats, std::move(blob), luo);
    if (luo.format == nullptr)
        return;
    check_version(context, formats, luo);
    if (has_sessions)
        luo.format->entries.read(context, luo.session_header, luo.sessions);
    if (luo.flbs)
        read_flbs(context, luo.flb_header, *luo.flbs);
    read_file_data(context, formats, luo);
    context.handover.luo = std::move(luo);
}

bool read_luo_root(ReadContext &context, const Formats &formats, std::vector<std::byte> blob, Luo &luo) {
    const KhoFormat *kho = context.handover.format;
    const LuoFormat &format = format_of(blob, formats, kho);
    return format.root.read(context, std::move(blob), format,
                            kho != nullptr && insists_on_flbs(formats, kho, format), luo);
}

}  // namespace kho
