// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "fdt/abi/luo.h"
#include "fdt/base/internal/text.h"
#include "fdt/codec/internal/file_handler.h"
#include "fdt/view/internal/diff_parts.h"

namespace kho {
namespace {

std::string describe(const LuoFile &file) {
    std::string text = printable(file.compatible);
    if (file.body)
        text += ", " + file.body.handler()->summary(file);
    return text;
}

std::string describe(const LuoSession &session) { return std::to_string(session.files.size()) + " files"; }

std::string describe(const LuoFlb &flb) { return "count " + std::to_string(flb.count); }

bool same_type(const LuoFile &a, const LuoFile &b) {
    return a.body && b.body && a.body.handler()->type() == b.body.handler()->type();
}

}  // namespace

// What a handler says of two files, as differences at a path.
class Differ::AtPath final : public FileDiff {
public:
    AtPath(Differ &differ, const std::string &path) : differ_(differ), path_(path) {}

    void number(const char *what, std::uint64_t a, std::uint64_t b, FileDiff::Level level) override {
        differ_.number(path_, what, a, b, of(level));
    }
    void hex_number(const char *what, std::uint64_t a, std::uint64_t b, FileDiff::Level level) override {
        differ_.hex_number(path_, what, a, b, of(level));
    }
    void content(const FileContent &a, const FileContent &b) override {
        differ_.content(path_, a.extents, b.extents, std::min(a.size, b.size));
    }

private:
    static Differ::Level of(FileDiff::Level level) {
        return level == FileDiff::Level::form ? Differ::Level::form : Differ::Level::meaning;
    }

    Differ &differ_;
    const std::string &path_;
};

void Differ::compare_file(const std::string &path, const LuoFile &a, const LuoFile &b) {
    // memfd-v1 and memfd-v2 are the same handler at different times.
    const bool same_handler = a.compatible == b.compatible || same_type(a, b);
    text(path, "handler", printable(a.compatible), printable(b.compatible),
         same_handler ? Level::form : Level::meaning);
    // What it means is the handler's affair; those of the kernel put an address there.
    hex_number(path, "data", a.data, b.data, Level::form);
    if (same_type(a, b)) {
        AtPath diff(*this, path);
        a.body.handler()->diff(diff, a, b);
    } else if (a.body || b.body) {
        const std::string type((a.body ? a : b).body.handler()->type());
        text(path, type.c_str(), a.body ? describe(a) : "none", b.body ? describe(b) : "none");
    }
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
