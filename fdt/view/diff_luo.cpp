// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "fdt/abi/luo.h"
#include "fdt/abi/memfd.h"
#include "fdt/base/internal/text.h"
#include "fdt/view/internal/diff_parts.h"

namespace kho {
namespace {

std::string describe(const LuoFile &file) {
    std::string text = printable(file.compatible);
    if (file.memfd)
        text += ", " + std::to_string(file.memfd->size) + " bytes";
    return text;
}

std::string describe(const LuoSession &session) { return std::to_string(session.files.size()) + " files"; }

std::string describe(const LuoFlb &flb) { return "count " + std::to_string(flb.count); }

std::uint64_t allocated(const Memfd &memfd) {
    std::uint64_t bytes = 0;
    for (const MemfdFolio &folio : memfd.folios) bytes += folio.bytes();
    return bytes;
}

std::uint64_t with_flag(const Memfd &memfd, std::uint64_t flag) {
    return static_cast<std::uint64_t>(
        std::count_if(memfd.folios.begin(), memfd.folios.end(),
                      [flag](const MemfdFolio &folio) { return (folio.flags & flag) != 0; }));
}

// memfd-v1 and memfd-v2 are the same handler at different times.
bool same_handler(const LuoFile &a, const LuoFile &b) {
    return a.compatible == b.compatible || (a.memfd && b.memfd);
}

}  // namespace

void Differ::compare_memfd(const std::string &path, const Memfd &a, const Memfd &b) {
    number(path, "size", a.size, b.size);
    number(path, "position", a.pos, b.pos);
    hex_number(path, "flags", a.flags, b.flags);
    content(path, file_extents(a), file_extents(b), std::min(a.size, b.size));
    number(path, "folios", a.folios.size(), b.folios.size(), Level::form);
    number(path, "allocated bytes", allocated(a), allocated(b), Level::form);
    number(path, "dirty folios", with_flag(a, abi::memfd_folio_dirty), with_flag(b, abi::memfd_folio_dirty),
           Level::form);
    if (a.folios.size() != b.folios.size())
        return;
    const auto [moved, to] =
        std::mismatch(a.folios.begin(), a.folios.end(), b.folios.begin(),
                      [](const MemfdFolio &x, const MemfdFolio &y) { return x.address == y.address; });
    if (moved != a.folios.end())
        hex_number(path, "address of a folio", value(moved->address), value(to->address), Level::form);
}

void Differ::compare_file(const std::string &path, const LuoFile &a, const LuoFile &b) {
    text(path, "handler", printable(a.compatible), printable(b.compatible),
         same_handler(a, b) ? Level::form : Level::meaning);
    // What it means is the handler's affair; those of the kernel put an address there.
    hex_number(path, "data", a.data, b.data, Level::form);
    if (a.memfd && b.memfd) {
        hex_number(path, "seals", restored_seals(a), restored_seals(b));
        compare_memfd(path, *a.memfd, *b.memfd);
    } else if (a.memfd || b.memfd)
        text(path, "memfd", a.memfd ? describe(a) : "none", b.memfd ? describe(b) : "none");
}

void Differ::compare_files(const std::string &path, const LuoSession &a, const LuoSession &b) {
    const std::vector<Pair> pairs = match(a.files, b.files, [](const LuoFile &file) { return file.token; });
    bool in_order = true;
    for (std::size_t last = 0; const Pair &pair : pairs) {
        const std::string file_path =
            path + "/files/" + hex(pair.a ? a.files[*pair.a].token : b.files[*pair.b].token);
        if (!pair.b) {
            whole(DiffKind::removed, file_path, describe(a.files[*pair.a]));
        } else if (!pair.a) {
            whole(DiffKind::added, file_path, describe(b.files[*pair.b]));
        } else {
            in_order = in_order && *pair.b >= last;
            last = *pair.b;
            compare_file(file_path, a.files[*pair.a], b.files[*pair.b]);
        }
    }
    if (!in_order)
        text(path, "order of files", "", "other", Level::form);
}

void Differ::compare_sessions(const std::vector<LuoSession> &a, const std::vector<LuoSession> &b) {
    const std::vector<Pair> pairs = match(a, b, [](const LuoSession &session) { return session.name; });
    bool in_order = true;
    for (std::size_t last = 0; const Pair &pair : pairs) {
        const std::string path = "/LUO/sessions/" + in_quotes(pair.a ? a[*pair.a].name : b[*pair.b].name);
        if (!pair.b) {
            whole(DiffKind::removed, path, describe(a[*pair.a]));
        } else if (!pair.a) {
            whole(DiffKind::added, path, describe(b[*pair.b]));
        } else {
            in_order = in_order && *pair.b >= last;
            last = *pair.b;
            number(path, "files", a[*pair.a].files.size(), b[*pair.b].files.size());
            compare_files(path, a[*pair.a], b[*pair.b]);
        }
    }
    if (!in_order)
        text("/LUO/sessions", "order of sessions", "", "other", Level::form);
}

void Differ::compare_flbs() {
    static const std::vector<LuoFlb> none;
    const auto &a = a_.handover.luo->flbs ? *a_.handover.luo->flbs : none;
    const auto &b = b_.handover.luo->flbs ? *b_.handover.luo->flbs : none;
    if (a_.handover.luo->flbs.has_value() != b_.handover.luo->flbs.has_value())
        text("/LUO/flbs", "place for FLBs", a_.handover.luo->flbs ? "yes" : "no",
             b_.handover.luo->flbs ? "yes" : "no", Level::form);
    for (const Pair &pair : match(a, b, [](const LuoFlb &flb) { return flb.name; })) {
        const std::string path = "/LUO/flbs/" + in_quotes(pair.a ? a[*pair.a].name : b[*pair.b].name);
        if (!pair.b) {
            whole(DiffKind::removed, path, describe(a[*pair.a]));
        } else if (!pair.a) {
            whole(DiffKind::added, path, describe(b[*pair.b]));
        } else {
            number(path, "count", a[*pair.a].count, b[*pair.b].count);
            hex_number(path, "data", a[*pair.a].data, b[*pair.b].data, Level::form);
        }
    }
}

void Differ::compare_luo() {
    const auto &a = a_.handover.luo, &b = b_.handover.luo;
    if (!both_have(abi::luo_subtree_name, a.has_value(), b.has_value()))
        return;
    number("/LUO", "live update number", a->liveupdate_number, b->liveupdate_number);
    text("/LUO", "format", std::string(compatible(a->format)), std::string(compatible(b->format)),
         Level::form);
    number("/LUO/sessions", "count", a->sessions.size(), b->sessions.size());
    compare_sessions(a->sessions, b->sessions);
    compare_flbs();
}

}  // namespace kho
