// SPDX-License-Identifier: GPL-2.0-or-later
// Sessions and their files: the arrays of luo-session-v2, and the linked blocks of luo-v5.
// Follows kernel/liveupdate/luo_session.c, luo_file.c and kho_block.c.
#include <algorithm>
#include <iterator>
#include <set>

#include "fdt/abi/luo_v5.h"
#include "fdt/read/internal/context.h"

namespace kho {
namespace {

constexpr Scope sessions_scope{.base = "/LUO/sessions"};

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

// A block with entries of one type, copied whole.
template <typename Entry, std::uint64_t Count>
struct Block {
    abi::kho_block_header_ser header;
    Entry entries[Count];
};

struct ChainScope {
    UseKind kind;
    Scope scope;
    std::uint32_t item = Use::none;
    Check address_check;  // of the address that leads to the first block
    const char *what;
};

// Walks a chain of blocks; take(entry, address, index in its block). False if the chain is broken somewhere.
template <typename Entry, std::uint64_t Count, typename Take>
bool for_each_entry(ReadContext &context, std::uint64_t first, std::uint64_t holder, std::uint64_t index,
                    const ChainScope &chain, Take take) {
    static_assert(sizeof(Block<Entry, Count>) <= page_size);
    std::vector<std::uint64_t> seen;
    Check check = chain.address_check;
    for (std::uint64_t at = first; at != 0;) {
        if (!context.page_address(at, chain.what, check, chain.scope, holder, index))
            return false;
        if (seen.size() == abi::max_blocks) {
            context.fault(Check::block_chain, chain.scope, at, 0, [&] {
                return "more than " + std::to_string(abi::max_blocks) + " blocks from " + hex(first);
            });
            return false;
        }
        const Range page{PhysAddr{at}, page_size};
        if (!context.claim_page(page.start)) {
            const bool cycle = std::ranges::find(seen, at) != seen.end();
            context.fault(cycle ? Check::block_chain : Check::page_two_uses, chain.scope, at, 0, [&] {
                return std::string(chain.what) + " " + hex(at) +
                       (cycle ? " follows itself: the chain is a cycle"
                              : " has been read as something else before");
            });
            return false;
        }
        seen.push_back(at);
        Block<Entry, Count> block;
        if (!context.load(page.start, block, check, chain.scope, holder, index))
            return false;
        context.require_preserved(page, chain.what, chain.scope);
        context.use(page, chain.kind, chain.item);
        context.expect_block(page.start, 0, chain.what, chain.scope);
        if (block.header.count == 0 || block.header.count > Count) {
            context.fault(Check::block_count, chain.scope, at, 0, [&] {
                return std::to_string(block.header.count) + " entries, expected 1 to " +
                       std::to_string(Count);
            });
            return false;
        }
        for (std::uint64_t i = 0; i < block.header.count; i++)
            take(block.entries[i], at + sizeof block.header + i * sizeof(Entry), i);
        holder = at;
        index = 0;
        check = Check::block_address;
        at = block.header.next;
    }
    return true;
}

// Files and count must say the same about whether there are files.
bool accept_file_set(ReadContext &context, const Scope &scope, const abi::luo_file_set_ser &set,
                     std::uint64_t at, std::uint64_t index) {
    if ((set.files == 0) == (set.count == 0))
        return set.count != 0;
    context.fault(set.files == 0 ? Check::file_set : Check::file_set_count, scope, at, index, [&] {
        return "files at " + hex(set.files) + " with a count of " + std::to_string(set.count);
    });
    return false;
}

void read_file_array(ReadContext &context, const Scope &scope, const abi::luo_file_set_ser &set,
                     std::uint64_t at, std::uint64_t index, LuoSession &session) {
    if (!accept_file_set(context, scope, set, at, index))
        return;
    if (set.count > abi::max_files_per_set) {
        context.fault(Check::file_count, scope, at, index, [&] {
            return std::to_string(set.count) + " files, expected at most " +
                   std::to_string(abi::max_files_per_set);
        });
        return;
    }
    if (!is_aligned(set.files, alignof(abi::luo_file_ser)) || set.files > last_sound_page) {
        context.fault(Check::file_address, scope, at, index,
                      [&] { return "files at " + hex(set.files) + ", not aligned to 8 bytes"; });
        return;
    }
    Range area{PhysAddr{set.files}, set.count * sizeof(abi::luo_file_ser)};
    std::vector<abi::luo_file_ser> array(set.count);
    if (!context.read(area.start, std::as_writable_bytes(std::span(array)), Check::file_address, scope, at,
                      index))
        return;
    context.require_preserved(area, "file array", scope);
    if (context.preserved().head_order(area.start) == 1)
        area.size = abi::file_area_pages * page_size;
    if (!context.claim(area, UseKind::file_array, scope, scope.session))
        return;
    context.expect_block(area.start, 1, "file array", scope);
    session.files.reserve(set.count);
    FileTaker taker(context, session, scope);
    for (std::uint64_t i = 0; i < set.count; i++)
        taker.take(array[i], set.files + i * sizeof(abi::luo_file_ser), i);
    taker.check_tokens();
}

void read_file_blocks(ReadContext &context, const Scope &scope, const abi::luo_file_set_ser &set,
                      std::uint64_t at, std::uint64_t index, LuoSession &session) {
    if (!accept_file_set(context, scope, set, at, index))
        return;
    FileTaker taker(context, session, scope);
    const bool whole = for_each_entry<abi::luo_file_ser, abi::files_per_block>(
        context, set.files, at, index,
        {.kind = UseKind::file_block,
         .scope = scope,
         .item = scope.session,
         .address_check = Check::file_address,
         .what = "file block"},
        [&](const abi::luo_file_ser &file, std::uint64_t file_at, std::uint64_t i) {
            taker.take(file, file_at, i);
        });
    if (whole && session.files.size() != set.count)
        context.fault(Check::file_count_sum, scope, at, index, [&] {
            return "count is " + std::to_string(set.count) + ", but the blocks hold " +
                   std::to_string(session.files.size()) + " files";
        });
    taker.check_tokens();
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

}  // namespace

void read_session_array(ReadContext &context, PhysAddr header, std::vector<LuoSession> &sessions) {
    const std::uint64_t at = value(header);
    constexpr std::uint64_t header_size = sizeof(abi::luo_session_header_ser);
    if (at == 0 || !is_aligned(at, alignof(abi::luo_session_header_ser)) || at > last_sound_page) {
        context.fault(Check::session_address, sessions_scope, at, 0,
                      [&] { return "session header at " + hex(at) + ", zero or not aligned to 8 bytes"; });
        return;
    }
    abi::luo_session_header_ser head;
    if (!context.load(header, head, Check::session_address, sessions_scope, at, 0))
        return;
    const bool kept = context.require_preserved({header, header_size}, "session header", sessions_scope);
    if (head.count > abi::max_sessions) {
        context.fault(Check::session_count, sessions_scope, at, 0, [&] {
            return std::to_string(head.count) + " sessions, expected at most " +
                   std::to_string(abi::max_sessions);
        });
        return;
    }
    Range area{header, header_size + head.count * sizeof(abi::luo_session_ser)};
    std::vector<abi::luo_session_ser> array(head.count);
    if (!context.read(header + header_size, std::as_writable_bytes(std::span(array)), Check::session_address,
                      sessions_scope, at, 0))
        return;
    if (kept)
        context.require_preserved({header + header_size, area.size - header_size}, "session array",
                                  sessions_scope);
    if (context.preserved().head_order(header) == 4)
        area.size = abi::session_area_pages * page_size;
    if (!context.claim(area, UseKind::session_array, sessions_scope))
        return;
    context.expect_block(header, 4, "session array", sessions_scope);
    SessionTaker taker(context, sessions);
    for (std::uint64_t i = 0; i < head.count; i++)
        taker.take(array[i], at + header_size + i * sizeof(abi::luo_session_ser), i, read_file_array);
}

void read_session_blocks(ReadContext &context, PhysAddr first, std::vector<LuoSession> &sessions) {
    SessionTaker taker(context, sessions);
    for_each_entry<abi::luo_session_ser, abi::sessions_per_block>(
        context, value(first), value(context.handover.fdt), 0,
        {.kind = UseKind::session_block,
         .scope = sessions_scope,
         .address_check = Check::session_address,
         .what = "session block"},
        [&](const abi::luo_session_ser &entry, std::uint64_t at, std::uint64_t index) {
            taker.take(entry, at, index, read_file_blocks);
        });
}

}  // namespace kho
