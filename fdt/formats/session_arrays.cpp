// SPDX-License-Identifier: GPL-2.0-or-later
// Sessions and files in arrays of a fixed size, as luo-session-v2 has them.
// Follows kernel/liveupdate/luo_session.c and luo_file.c of 6.19 to 7.1, also in the sizes of what is allocated.
#include <cstring>

#include "fdt/formats/internal/codecs.h"
#include "fdt/formats/internal/entries.h"

namespace kho {
namespace {

class SessionArrays final : public EntryCodec {
public:
    std::string_view name() const override { return "arrays"; }
    std::span<const Structure> structures() const override;
    std::uint64_t max_sessions() const override { return abi::max_sessions; }
    std::uint64_t max_files() const override { return abi::max_files_per_set; }
    void read(ReadContext &context, PhysAddr header, std::vector<LuoSession> &sessions) const override;
    Result<std::unique_ptr<EntryWriter>> write_sessions(MetadataPages &pages) const override;
    std::unique_ptr<EntryWriter> write_files(MetadataPages &pages) const override;
};

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

class ArrayWriter final : public EntryWriter {
public:
    // Without a count at its beginning if `has_count` is false.
    ArrayWriter(MetadataPages &pages, unsigned order, bool has_count)
        : pages_(pages), order_(order), has_count_(has_count), offset_(has_count ? sizeof count_ : 0) {}

    PhysAddr address() const override { return block_.address; }

    // Makes the array, which stays empty so far.
    Outcome begin() {
        Result<MetadataPages::Block> block = pages_.preserved(order_);
        if (!block)
            return block.error();
        block_ = block.value();
        return success();
    }

    Outcome add(std::span<const std::byte> entry) override {
        if (block_.bytes.empty())
            if (Outcome outcome = begin(); !outcome)
                return outcome;
        std::ranges::copy(entry, block_.bytes.begin() + static_cast<std::ptrdiff_t>(offset_));
        offset_ += entry.size();
        count_.count++;
        if (has_count_)
            MetadataPages::put(block_, count_);
        return success();
    }

private:
    MetadataPages &pages_;
    unsigned order_;
    bool has_count_;
    std::uint64_t offset_;  // of the next entry
    abi::luo_session_header_ser count_{};
    MetadataPages::Block block_;
};

constexpr unsigned file_area_order = 1;
static_assert(order_bytes(file_area_order) == abi::file_area_pages * page_size);
constexpr unsigned session_area_order = 4;
static_assert(order_bytes(session_area_order) == abi::session_area_pages * page_size);

constexpr StructureField header_fields[] = {KHO_FIELD(abi::luo_session_header_ser, count)};
constexpr Structure structure_list[] = {
    {"luo_session_header_ser", sizeof(abi::luo_session_header_ser), header_fields},
    session_structure,
    file_set_structure,
    file_structure};

}  // namespace

std::span<const Structure> SessionArrays::structures() const { return structure_list; }

void SessionArrays::read(ReadContext &context, PhysAddr header, std::vector<LuoSession> &sessions) const {
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

Result<std::unique_ptr<EntryWriter>> SessionArrays::write_sessions(MetadataPages &pages) const {
    auto writer = std::make_unique<ArrayWriter>(pages, session_area_order, true);
    // There is an array even if there is no session.
    if (Outcome outcome = writer->begin(); !outcome)
        return outcome.error();
    return std::unique_ptr<EntryWriter>(std::move(writer));
}

std::unique_ptr<EntryWriter> SessionArrays::write_files(MetadataPages &pages) const {
    return std::make_unique<ArrayWriter>(pages, file_area_order, false);
}

const EntryCodec &session_arrays() {
    static const SessionArrays codec;
    return codec;
}

}  // namespace kho
