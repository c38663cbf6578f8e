// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/write/internal/luo.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <string_view>

#include "fdt/base/internal/page_set.h"
#include "fdt/base/internal/text.h"
#include "fdt/write/internal/fdt.h"
#include "fdt/write/writer.h"

namespace kho {
namespace {

using Block = MetadataPages::Block;

std::string session_path(const LuoSession &session, std::size_t index) {
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

// Arrays of entries, as the generation stores them: in one block of pages behind a header, or in linked
// blocks of a page. Entries are written once each, in order.
class EntryWriter {
public:
    EntryWriter(MetadataPages &pages, LuoFormat format, unsigned array_order, std::uint64_t array_header)
        : pages_(pages),
          format_(format),
          order_(array_order),
          has_header_(array_header > 0),
          offset_(array_header) {}

    // The array's address; 0 as long as there is none: linked blocks begin with the first entry.
    PhysAddr address() const { return head_; }

    // Makes the array even if it stays empty.
    Outcome begin() {
        Result<Block> block = pages_.preserved(format_ == LuoFormat::v5 ? 0 : order_);
        if (!block)
            return block.error();
        if (format_ == LuoFormat::v5) {
            if (value(head_) != 0)
                MetadataPages::put(block_, value(block.value().address),
                                   offsetof(abi::kho_block_header_ser, next));
            offset_ = sizeof(abi::kho_block_header_ser);
            count_ = 0;
        }
        block_ = block.value();
        if (value(head_) == 0)
            head_ = block_.address;
        return success();
    }

    template <typename T>
    Outcome add(const T &entry) {
        const bool full =
            value(head_) == 0 || (format_ == LuoFormat::v5 && offset_ + sizeof entry > page_size);
        if (full)
            if (Outcome outcome = begin(); !outcome)
                return outcome;
        MetadataPages::put(block_, entry, offset_);
        offset_ += sizeof entry;
        count_++;
        if (format_ == LuoFormat::v5)
            MetadataPages::put(block_, count_, offsetof(abi::kho_block_header_ser, count));
        else if (has_header_)
            MetadataPages::put(block_, abi::luo_session_header_ser{.count = count_});
        return success();
    }

private:
    MetadataPages &pages_;
    LuoFormat format_;
    unsigned order_;
    bool has_header_;       // an array of sessions: begins with their number
    std::uint64_t offset_;  // of the next entry in block_
    std::uint64_t count_ = 0;
    Block block_;
    PhysAddr head_{};
};

constexpr unsigned file_area_order = 1;
static_assert(order_bytes(file_area_order) == abi::file_area_pages * page_size);
constexpr unsigned session_area_order = 4;
static_assert(order_bytes(session_area_order) == abi::session_area_pages * page_size);

Result<abi::luo_file_set_ser> write_files(LuoSession &session, std::size_t index,
                                          const Generation &generation, MetadataPages &pages) {
    const std::string where = session_path(session, index);
    const auto refuse = [&](Errc code, std::string what) {
        return Error{.code = code, .index = index, .what = where + what};
    };
    if (session.files.size() > generation.max_files_per_session)
        return refuse(Errc::file_count, ": " + std::to_string(session.files.size()) + " files, at most " +
                                            std::to_string(generation.max_files_per_session));
    EntryWriter entries(pages, generation.luo, file_area_order, 0);
    NumberSet tokens;
    for (std::size_t i = 0; i < session.files.size(); i++) {
        LuoFile &file = session.files[i];
        if (!tokens.insert(file.token))
            return refuse(Errc::file_token,
                          ", file " + std::to_string(i) + ": token " + hex(file.token) + " is there twice");
        if (file.memfd)
            if (Outcome outcome = write_memfd(file, generation, pages, where + ", file " + std::to_string(i));
                !outcome)
                return outcome.error();
        abi::luo_file_ser entry{.compatible = {}, .data = file.data, .token = file.token};
        if (!put_text(entry.compatible, file.compatible))
            return refuse(Errc::file_compatible, ", file " + std::to_string(i) + ": handler " +
                                                     in_quotes(file.compatible) + ", expected 1 to 47 bytes");
        if (Outcome outcome = entries.add(entry); !outcome)
            return outcome.error();
    }
    return abi::luo_file_set_ser{.files = value(entries.address()), .count = session.files.size()};
}

Result<PhysAddr> write_sessions(std::vector<LuoSession> &sessions, const Generation &generation,
                                MetadataPages &pages) {
    if (sessions.size() > generation.max_sessions)
        return Error{.code = Errc::session_count,
                     .what = std::to_string(sessions.size()) + " sessions, at most " +
                             std::to_string(generation.max_sessions)};
    EntryWriter entries(pages, generation.luo, session_area_order, sizeof(abi::luo_session_header_ser));
    if (generation.luo == LuoFormat::v1)
        if (Outcome outcome = entries.begin(); !outcome)
            return outcome.error();
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < sessions.size(); i++) {
        const auto refuse = [&](std::string what) {
            return Error{.code = Errc::session_name,
                         .index = i,
                         .what = session_path(sessions[i], i) + ": " + std::move(what)};
        };
        abi::luo_session_ser entry{};
        if (!put_text(entry.name, sessions[i].name))
            return refuse("the name has " + std::to_string(sessions[i].name.size()) +
                          " bytes, expected 1 to 63 without NUL");
        if (!names.insert(sessions[i].name).second)
            return refuse("the name is there twice");
        const Result<abi::luo_file_set_ser> files = write_files(sessions[i], i, generation, pages);
        if (!files)
            return files.error();
        entry.file_set = files.value();
        if (Outcome outcome = entries.add(entry); !outcome)
            return outcome.error();
    }
    return entries.address();
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

abi::luo_ser make_luo_ser(std::uint64_t liveupdate_number, PhysAddr sessions, PhysAddr flbs) {
    abi::luo_ser root{.compatible = {},
                      .liveupdate_num = liveupdate_number,
                      .sessions_pa = value(sessions),
                      .flbs_pa = value(flbs)};
    static_assert(sizeof abi::luo_v5_compatible <= sizeof root.compatible);
    std::memcpy(root.compatible, abi::luo_v5_compatible, sizeof abi::luo_v5_compatible);
    return root;
}

Result<std::uint64_t> write_luo(Luo &luo, const Generation &generation, MetadataPages &pages) {
    luo.format = generation.luo;
    if (!generation.flbs && luo.flbs && !luo.flbs->empty())
        return Error{.code = Errc::not_in_format,
                     .what = "Linux " + std::string(generation.release) + " has no place for FLBs, " +
                             std::to_string(luo.flbs->size()) + " given"};
    luo.flb_header = {};
    if (!generation.flbs) {
        luo.flbs.reset();
    } else {
        if (!luo.flbs)
            luo.flbs.emplace();
        const Result<Block> area = write_flbs(*luo.flbs, pages);
        if (!area)
            return area.error();
        luo.flb_header = area.value().address;
    }
    const Result<PhysAddr> sessions = write_sessions(luo.sessions, generation, pages);
    if (!sessions)
        return sessions.error();
    luo.session_header = sessions.value();

    const Result<Block> root = pages.preserved(0);
    if (!root)
        return root.error();
    luo.root = root.value().address;
    if (luo.format == LuoFormat::v5) {
        MetadataPages::put(root.value(),
                           make_luo_ser(luo.liveupdate_number, luo.session_header, luo.flb_header));
        return sizeof(abi::luo_ser);
    }
    const Result<FdtBytes> fdt =
        write_luo_fdt(luo.liveupdate_number, luo.session_header,
                      generation.flbs ? std::optional(luo.flb_header) : std::nullopt);
    if (!fdt)
        return fdt.error();
    std::ranges::copy(fdt.value(), root.value().bytes.begin());
    return *fdt_total_size(fdt.value());
}

}  // namespace kho
