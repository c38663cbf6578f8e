// SPDX-License-Identifier: GPL-2.0-or-later
// Entries of sessions and files, which look the same in arrays and in linked blocks. Internal to those codecs.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "fdt/abi/luo.h"
#include "fdt/codec/internal/read_context.h"
#include "fdt/codec/internal/structure.h"

namespace kho {

inline constexpr Scope sessions_scope{.base = "/LUO/sessions"};

inline constexpr StructureField session_fields[] = {KHO_FIELD(abi::luo_session_ser, name),
                                                    KHO_FIELD(abi::luo_session_ser, file_set)};
inline constexpr StructureField file_set_fields[] = {KHO_FIELD(abi::luo_file_set_ser, files),
                                                     KHO_FIELD(abi::luo_file_set_ser, count)};
inline constexpr StructureField file_fields[] = {KHO_FIELD(abi::luo_file_ser, compatible),
                                                 KHO_FIELD(abi::luo_file_ser, data),
                                                 KHO_FIELD(abi::luo_file_ser, token)};
inline constexpr Structure session_structure{"luo_session_ser", sizeof(abi::luo_session_ser), session_fields};
inline constexpr Structure file_set_structure{"luo_file_set_ser", sizeof(abi::luo_file_set_ser),
                                              file_set_fields};
inline constexpr Structure file_structure{"luo_file_ser", sizeof(abi::luo_file_ser), file_fields};

// One entry of a file array or block.
class FileTaker {
public:
    FileTaker(ReadContext &context, LuoSession &session, Scope scope)
        : context_(context), session_(session), scope_(scope) {}

    void take(const abi::luo_file_ser &file, std::uint64_t at, std::uint64_t index) {
        scope_.file = static_cast<std::uint32_t>(session_.files.size());
        const std::optional<std::string_view> compatible = terminated(file.compatible);
        if (!compatible || compatible->empty())
            context_.fault(Check::file_compatible, scope_, at, index, [&] {
                return "compatible " + in_quotes({file.compatible, compatible ? 0 : sizeof file.compatible}) +
                       (compatible ? " is empty" : " has no end");
            });
        session_.files.push_back({.compatible = std::string(compatible.value_or(
                                      std::string_view(file.compatible, sizeof file.compatible))),
                                  .data = file.data,
                                  .token = file.token});
        if (index == 0)
            places_.push_back({session_.files.size() - 1, at});
    }

    // Once all files of the session are there.
    void check_tokens() {
        const std::vector<LuoFile> &files = session_.files;
        const auto ascending = [](const LuoFile &a, const LuoFile &b) { return a.token < b.token; };
        const auto not_ascending = [&](const LuoFile &a, const LuoFile &b) { return !ascending(a, b); };
        if (std::ranges::adjacent_find(files, not_ascending) == files.end())
            return;
        NumberSet tokens;
        tokens.reserve(files.size());
        for (std::size_t i = 0; i < files.size(); i++) {
            if (tokens.insert(files[i].token))
                continue;
            scope_.file = static_cast<std::uint32_t>(i);
            const Place &place = *std::prev(std::ranges::upper_bound(places_, i, {}, &Place::file));
            const std::uint64_t index = i - place.file;
            context_.fault(Check::file_token, scope_, place.at + index * sizeof(abi::luo_file_ser), index,
                           [&] { return "token " + hex(files[i].token) + " is there twice"; });
        }
    }

private:
    struct Place {
        std::size_t file;  // the first one of an array or a block
        std::uint64_t at;
    };
    ReadContext &context_;
    LuoSession &session_;
    Scope scope_;
    std::vector<Place> places_;
};

// Files and count must say the same about whether there are files.
inline bool accept_file_set(ReadContext &context, const Scope &scope, const abi::luo_file_set_ser &set,
                            std::uint64_t at, std::uint64_t index) {
    if ((set.files == 0) == (set.count == 0))
        return set.count != 0;
    context.fault(set.files == 0 ? Check::file_set : Check::file_set_count, scope, at, index, [&] {
        return "files at " + hex(set.files) + " with a count of " + std::to_string(set.count);
    });
    return false;
}

// Names must be there before files are read, since paths have them.
class SessionTaker {
public:
    SessionTaker(ReadContext &context, std::vector<LuoSession> &sessions)
        : context_(context), sessions_(sessions) {}

    template <typename ReadFiles>
    void take(const abi::luo_session_ser &entry, std::uint64_t at, std::uint64_t index,
              ReadFiles read_files) {
        const std::optional<std::string_view> name = terminated(entry.name);
        LuoSession session{.name =
                               std::string(name.value_or(std::string_view(entry.name, sizeof entry.name)))};
        const Scope scope{.base = "/LUO",
                          .session = static_cast<std::uint32_t>(sessions_.size()),
                          .session_name = &session.name};
        if (!name || name->empty())
            context_.fault(Check::session_name, scope, at, index, [&] {
                return name ? std::string("name is empty")
                            : "name " + in_quotes(session.name) + " has no end";
            });
        else if (!names_.insert(session.name).second)
            context_.fault(Check::session_name_twice, scope, at, index,
                           [&] { return "name " + in_quotes(session.name) + " is there twice"; });
        read_files(context_, scope, entry.file_set, at, index, session);
        sessions_.push_back(std::move(session));
    }

private:
    ReadContext &context_;
    std::vector<LuoSession> &sessions_;
    std::set<std::string, std::less<>> names_;  // not hashed: hostile names could all meet
};

}  // namespace kho
