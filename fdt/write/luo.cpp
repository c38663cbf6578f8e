// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/write/internal/luo.h"

#include <cstring>
#include <memory>
#include <set>
#include <span>
#include <string_view>

#include "fdt/abi/luo.h"
#include "fdt/base/internal/page_set.h"
#include "fdt/base/internal/text.h"
#include "fdt/codec/internal/codec.h"
#include "fdt/codec/internal/file_handler.h"

namespace kho {
namespace {

using Block = MetadataPages::Block;

std::string words_for(const LuoSession &session, std::size_t index) {
    return "session " + std::to_string(index) + ' ' + in_quotes(session.name);
}

// False: it does not fit with its NUL, is empty, or has a NUL inside.
template <std::size_t N>
bool put_text(char (&to)[N], const std::string &text) {
    if (text.empty() || text.size() >= N || text.find('\0') != text.npos)
        return false;
    std::memcpy(to, text.data(), text.size());
    return true;
}

template <typename Entry>
Outcome add(EntryWriter &entries, const Entry &entry) {
    return entries.add(std::as_bytes(std::span(&entry, 1)));
}

Outcome write_file(LuoFile &file, const Release &release, MetadataPages &pages, const std::string &where) {
    const FileHandler *handler = handler_for(release, file.body);
    if (handler == nullptr)
        return Error{.code = Errc::not_in_format,
                     .what = where + ": Linux " + release.name + " has no handler for " +
                             std::string(file.body.handler()->type())};
    if (Outcome outcome = handler->write(file, pages, where); !outcome)
        return outcome;
    file.compatible = handler->compatible();
    return success();
}

Result<abi::luo_file_set_ser> write_files(LuoSession &session, std::size_t index, const Release &release,
                                          MetadataPages &pages) {
    const std::string where = words_for(session, index);
    const auto refuse = [&](Errc code, std::string what) {
        return Error{.code = code, .index = index, .what = where + what};
    };
    const EntryCodec &codec = release.luo->entries;
    if (session.files.size() > codec.max_files())
        return refuse(Errc::file_count, ": " + std::to_string(session.files.size()) + " files, at most " +
                                            std::to_string(codec.max_files()));
    const std::unique_ptr<EntryWriter> entries = codec.write_files(pages);
    NumberSet tokens;
    for (std::size_t i = 0; i < session.files.size(); i++) {
        LuoFile &file = session.files[i];
        if (!tokens.insert(file.token))
            return refuse(Errc::file_token,
                          ", file " + std::to_string(i) + ": token " + hex(file.token) + " is there twice");
        if (file.body)
            if (Outcome outcome = write_file(file, release, pages, where + ", file " + std::to_string(i));
                !outcome)
                return outcome.error();
        abi::luo_file_ser entry{.compatible = {}, .data = file.data, .token = file.token};
        if (!put_text(entry.compatible, file.compatible))
            return refuse(Errc::file_compatible, ", file " + std::to_string(i) + ": handler " +
                                                     in_quotes(file.compatible) + ", expected 1 to 47 bytes");
        if (Outcome outcome = add(*entries, entry); !outcome)
            return outcome.error();
    }
    return abi::luo_file_set_ser{.files = value(entries->address()), .count = session.files.size()};
}

Result<PhysAddr> write_sessions(std::vector<LuoSession> &sessions, const Release &release,
                                MetadataPages &pages) {
    const EntryCodec &codec = release.luo->entries;
    if (sessions.size() > codec.max_sessions())
        return Error{.code = Errc::session_count,
                     .what = std::to_string(sessions.size()) + " sessions, at most " +
                             std::to_string(codec.max_sessions())};
    const Result<std::unique_ptr<EntryWriter>> entries = codec.write_sessions(pages);
    if (!entries)
        return entries.error();
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < sessions.size(); i++) {
        const auto refuse = [&](std::string what) {
            return Error{.code = Errc::session_name,
                         .index = i,
                         .what = words_for(sessions[i], i) + ": " + std::move(what)};
        };
        abi::luo_session_ser entry{};
        if (!put_text(entry.name, sessions[i].name))
            return refuse("the name has " + std::to_string(sessions[i].name.size()) +
                          " bytes, expected 1 to 63 without NUL");
        if (!names.insert(sessions[i].name).second)
            return refuse("the name is there twice");
        const Result<abi::luo_file_set_ser> files = write_files(sessions[i], i, release, pages);
        if (!files)
            return files.error();
        entry.file_set = files.value();
        if (Outcome outcome = add(*entries.value(), entry); !outcome)
            return outcome.error();
    }
    return entries.value()->address();
}

Result<Block> write_flbs(const std::vector<LuoFlb> &flbs, MetadataPages &pages) {
    const auto refuse = [](std::size_t index, std::string what) {
        return Error{.code = Errc::malformed, .index = index, .what = std::move(what)};
    };
    if (flbs.size() > abi::max_flbs)
        return refuse(0, std::to_string(flbs.size()) + " FLBs, at most " + std::to_string(abi::max_flbs));
    Result<Block> area = pages.preserved(0);
    if (!area)
        return area;
    MetadataPages::put(area.value(),
                       abi::luo_flb_header_ser{.pgcnt = abi::flb_area_pages, .count = flbs.size()});
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < flbs.size(); i++) {
        abi::luo_flb_ser entry{.name = {}, .data = flbs[i].data, .count = flbs[i].count};
        const std::string which = "FLB " + std::to_string(i) + ' ' + in_quotes(flbs[i].name);
        if (!put_text(entry.name, flbs[i].name))
            return refuse(i, which + ": the name has " + std::to_string(flbs[i].name.size()) +
                                 " bytes, expected 1 to 47 without NUL");
        if (!names.insert(flbs[i].name).second)
            return refuse(i, which + ": the name is there twice");
        if (flbs[i].count == 0)
            return refuse(i, which + ": no file depends on it");
        MetadataPages::put(area.value(), entry, sizeof(abi::luo_flb_header_ser) + i * sizeof entry);
    }
    return area;
}

}  // namespace

Result<std::uint64_t> write_luo(Luo &luo, const Release &release, MetadataPages &pages) {
    luo.format = release.luo;
    if (!release.flbs && luo.flbs && !luo.flbs->empty())
        return Error{.code = Errc::not_in_format,
                     .what = "Linux " + release.name + " has no place for FLBs, " +
                             std::to_string(luo.flbs->size()) + " given"};
    luo.flb_header = {};
    if (!release.flbs) {
        luo.flbs.reset();
    } else {
        if (!luo.flbs)
            luo.flbs.emplace();
        const Result<Block> area = write_flbs(*luo.flbs, pages);
        if (!area)
            return area.error();
        luo.flb_header = area.value().address;
    }
    const Result<PhysAddr> sessions = write_sessions(luo.sessions, release, pages);
    if (!sessions)
        return sessions.error();
    luo.session_header = sessions.value();

    const Result<Block> root = pages.preserved(0);
    if (!root)
        return root.error();
    luo.root = root.value().address;
    return release.luo->root.write(luo, release.flbs, root.value());
}

}  // namespace kho
