// SPDX-License-Identifier: GPL-2.0-or-later
// The handler of memfd-v1 and memfd-v2. Follows mm/memfd_luo.c.
#include "fdt/handlers/memfd.h"

#include <algorithm>

#include "fdt/base/internal/text.h"
#include "fdt/codec/internal/file_handler.h"
#include "fdt/codec/internal/vmalloc.h"
#include "fdt/handlers/internal/memfd_reader.h"

namespace kho {
namespace {

constexpr UseInfo structure_use{100, "memfd", UseRole::array, true, "{file}/memfd"};
constexpr UseInfo array_use{101, "memfd-array", UseRole::array, true, "{file}/folios"};
constexpr UseInfo folios_use{102, "memfd-folios", UseRole::content, false, "{file}/folios"};

constexpr StructureField v1_fields[] = {
    KHO_FIELD(abi::memfd_luo_ser, pos), KHO_FIELD(abi::memfd_luo_ser, size),
    KHO_FIELD(abi::memfd_luo_ser, nr_folios), KHO_FIELD(abi::memfd_luo_ser, folios)};
constexpr StructureField v2_fields[] = {
    KHO_FIELD(abi::memfd_luo_ser_v2, pos),       KHO_FIELD(abi::memfd_luo_ser_v2, size),
    KHO_FIELD(abi::memfd_luo_ser_v2, seals),     KHO_FIELD(abi::memfd_luo_ser_v2, flags),
    KHO_FIELD(abi::memfd_luo_ser_v2, nr_folios), KHO_FIELD(abi::memfd_luo_ser_v2, folios)};
constexpr StructureField folio_fields[] = {
    KHO_FIELD_AS("pfn:52, flags:12", abi::memfd_luo_folio_ser, pfn_flags),
    KHO_FIELD(abi::memfd_luo_folio_ser, index)};
constexpr Structure v1_structures[] = {
    {"memfd_luo_ser", sizeof(abi::memfd_luo_ser), v1_fields},
    {"memfd_luo_folio_ser", sizeof(abi::memfd_luo_folio_ser), folio_fields},
    vmalloc_structures[0],
    vmalloc_structures[1]};
constexpr Structure v2_structures[] = {
    {"memfd_luo_ser", sizeof(abi::memfd_luo_ser_v2), v2_fields},
    {"memfd_luo_folio_ser", sizeof(abi::memfd_luo_folio_ser), folio_fields},
    vmalloc_structures[0],
    vmalloc_structures[1]};

Error refuse(Errc code, const std::string &where, const std::string &what) {
    return {.code = code, .what = where + ": " + what};
}

Outcome check_memfd(const Memfd &memfd, bool has_seals, const std::string &where) {
    if (!has_seals && (memfd.seals != 0 || memfd.flags != 0))
        return refuse(
            Errc::not_in_format, where,
            "memfd-v1 has no place for seals " + hex(memfd.seals) + " and flags " + hex(memfd.flags));
    if ((memfd.seals & ~abi::memfd_all_seals) != 0)
        return refuse(Errc::malformed, where, "unknown seals " + hex(memfd.seals & ~abi::memfd_all_seals));
    if (memfd.flags != 0)
        return refuse(Errc::malformed, where, "flags " + hex(memfd.flags) + ", none is defined");
    if (memfd.size > abi::memfd_max_size || memfd.pos > abi::memfd_max_size)
        return refuse(Errc::malformed, where,
                      "size " + hex(memfd.size) + " and position " + hex(memfd.pos) + ", at most " +
                          hex(abi::memfd_max_size));
    for (const MemfdFolio &folio : memfd.folios) {
        if (value(folio.address) == 0 || !is_aligned(value(folio.address), order_bytes(folio.order)) ||
            folio.order > max_order || value(folio.address) >> page_shift > abi::memfd_pfn_mask)
            return refuse(
                Errc::block_address, where,
                "a folio of order " + std::to_string(folio.order) + " at " + hex(value(folio.address)));
        if ((folio.flags & ~(abi::memfd_folio_dirty | abi::memfd_folio_uptodate)) != 0)
            return refuse(Errc::malformed, where, "folio flags " + hex(folio.flags));
    }
    return success();
}

std::vector<abi::memfd_luo_folio_ser> folio_entries(const Memfd &memfd) {
    std::vector<abi::memfd_luo_folio_ser> entries;
    entries.reserve(memfd.folios.size());
    for (const MemfdFolio &folio : memfd.folios)
        entries.push_back({.pfn_flags = value(folio.address) >> page_shift | std::uint64_t{folio.flags}
                                                                                 << abi::memfd_flags_shift,
                           .index = folio.index});
    return entries;
}

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

class MemfdHandler final : public FileHandler {
public:
    MemfdHandler(std::string_view compatible, bool has_seals, std::span<const Structure> structures)
        : compatible_(compatible), has_seals_(has_seals), structures_(structures) {}

    std::string_view compatible() const override { return compatible_; }
    std::string_view type() const override { return "memfd"; }
    std::span<const Structure> structures() const override { return structures_; }
    bool takes(const FileBody &body) const override { return body.get<Memfd>() != nullptr; }

    void read(ReadContext &context, LuoFile &file, const Scope &scope) const override {
        read_memfd(context, file, has_seals_, scope);
    }
    Outcome write(LuoFile &file, MetadataPages &pages, const std::string &where) const override;
    void adapt(LuoFile &file, const std::function<void(std::string)> &lose) const override;

    std::vector<Range> memory(const LuoFile &file) const override {
        std::vector<Range> ranges;
        for (const MemfdFolio &folio : memfd_of(file)->folios)
            ranges.push_back({folio.address, folio.bytes()});
        return ranges;
    }
    std::optional<FileContent> content(const LuoFile &file) const override {
        return FileContent{memfd_of(file)->size, file_extents(*memfd_of(file))};
    }
    std::vector<FileField> fields(const LuoFile &file) const override {
        const Memfd &memfd = *memfd_of(file);
        return {{"size", memfd.size}, {"pos", memfd.pos}, {"seals", memfd.seals}, {"flags", memfd.flags}};
    }
    std::string summary(const LuoFile &file) const override {
        return std::to_string(memfd_of(file)->size) + " bytes";
    }
    void diff(FileDiff &diff, const LuoFile &a, const LuoFile &b) const override;

private:
    std::string_view compatible_;
    bool has_seals_;
    std::span<const Structure> structures_;
};

Outcome MemfdHandler::write(LuoFile &file, MetadataPages &pages, const std::string &where) const {
    Memfd &memfd = *memfd_of(file);
    if (Outcome outcome = check_memfd(memfd, has_seals_, where); !outcome)
        return outcome;
    const Result<MetadataPages::Block> structure = pages.preserved(0);
    if (!structure)
        return structure.error();
    memfd.folio_array = {};
    memfd.nr_folios = memfd.folios.size();
    if (!memfd.folios.empty()) {
        const std::vector<abi::memfd_luo_folio_ser> entries = folio_entries(memfd);
        const Result<abi::kho_vmalloc> array = write_vmalloc(std::as_bytes(std::span(entries)), pages);
        if (!array)
            return array.error();
        memfd.folio_array = array.value();
    }
    if (has_seals_)
        MetadataPages::put(structure.value(), abi::memfd_luo_ser_v2{.pos = memfd.pos,
                                                                    .size = memfd.size,
                                                                    .seals = memfd.seals,
                                                                    .flags = memfd.flags,
                                                                    .nr_folios = memfd.nr_folios,
                                                                    .folios = memfd.folio_array});
    else
        MetadataPages::put(structure.value(), abi::memfd_luo_ser{.pos = memfd.pos,
                                                                 .size = memfd.size,
                                                                 .nr_folios = memfd.nr_folios,
                                                                 .folios = memfd.folio_array});
    file.data = value(structure.value().address);
    return success();
}

void MemfdHandler::adapt(LuoFile &file, const std::function<void(std::string)> &lose) const {
    const std::uint32_t seals = restored_seals(file);
    if (!has_seals_ && seals != abi::memfd_seal_seal)
        lose("seals " + hex(seals) + ": " + std::string(compatible_) +
             " has no place for them, the file comes back with " + hex(abi::memfd_seal_seal));
    memfd_of(file)->seals = has_seals_ ? seals : 0;
}

void MemfdHandler::diff(FileDiff &diff, const LuoFile &one, const LuoFile &other) const {
    const auto form = FileDiff::Level::form;
    const Memfd &a = *memfd_of(one), &b = *memfd_of(other);
    diff.hex_number("seals", restored_seals(one), restored_seals(other));
    diff.number("size", a.size, b.size);
    diff.number("position", a.pos, b.pos);
    diff.hex_number("flags", a.flags, b.flags);
    diff.content(*content(one), *content(other));
    diff.number("folios", a.folios.size(), b.folios.size(), form);
    diff.number("allocated bytes", allocated(a), allocated(b), form);
    diff.number("dirty folios", with_flag(a, abi::memfd_folio_dirty), with_flag(b, abi::memfd_folio_dirty),
                form);
    if (a.folios.size() != b.folios.size())
        return;
    const auto [moved, to] =
        std::ranges::mismatch(a.folios, b.folios, {}, &MemfdFolio::address, &MemfdFolio::address);
    if (moved != a.folios.end())
        diff.hex_number("address of a folio", value(moved->address), value(to->address), form);
}

}  // namespace

constinit const UseKind MemfdUse::structure{structure_use};
constinit const UseKind MemfdUse::array{array_use};
constinit const UseKind MemfdUse::folios{folios_use};

const FileHandler &memfd_v1() {
    static const MemfdHandler handler(abi::memfd_v1_compatible, false, v1_structures);
    return handler;
}

const FileHandler &memfd_v2() {
    static const MemfdHandler handler(abi::memfd_v2_compatible, true, v2_structures);
    return handler;
}

const FileHandler &handler_of(const Memfd & /*memfd*/) { return memfd_v2(); }

std::uint32_t restored_seals(const LuoFile &file) {
    const Memfd *memfd = memfd_of(file);
    if (memfd == nullptr)
        return 0;
    return file.compatible == abi::memfd_v1_compatible ? abi::memfd_seal_seal : memfd->seals;
}

std::vector<FileRange> holes(const Memfd &memfd) {
    std::vector<FileRange> covered;
    covered.reserve(memfd.folios.size());
    for (const MemfdFolio &folio : memfd.folios)
        if (folio.index < memfd.size / page_size + 1)
            covered.push_back({folio.index * page_size, folio.bytes()});
    const auto by_offset = [](const FileRange &a, const FileRange &b) { return a.offset < b.offset; };
    if (!std::is_sorted(covered.begin(), covered.end(), by_offset))
        std::sort(covered.begin(), covered.end(), by_offset);
    std::vector<FileRange> result;
    std::uint64_t done = 0;
    for (const FileRange &range : covered) {
        if (range.offset >= memfd.size)
            break;
        if (range.offset > done)
            result.push_back({done, range.offset - done});
        done = std::max(done, range.offset + range.size);
    }
    if (done < memfd.size)
        result.push_back({done, memfd.size - done});
    return result;
}

std::vector<FileExtent> file_extents(const Memfd &memfd) {
    const std::uint64_t size = std::min(memfd.size, abi::memfd_max_size);
    std::vector<FileExtent> all;
    all.reserve(memfd.folios.size());
    for (const MemfdFolio &folio : memfd.folios) {
        if (size == 0 || folio.index > (size - 1) / page_size || folio.order > max_block_order)
            continue;
        all.push_back({folio.index * page_size, folio.bytes(), folio.address});
        // Remembered as a stretch without bytes behind it, so that it hides what it overlaps.
        if ((folio.flags & abi::memfd_folio_uptodate) == 0)
            all.back().address = PhysAddr{UINT64_MAX};
    }
    const auto by_offset = [](const FileExtent &a, const FileExtent &b) { return a.offset < b.offset; };
    if (!std::is_sorted(all.begin(), all.end(), by_offset))
        std::stable_sort(all.begin(), all.end(), by_offset);

    std::vector<FileExtent> result;
    std::uint64_t done = 0;
    for (FileExtent extent : all) {
        // No wrap: the offset is below 2^63, the size at most 4 GiB.
        const std::uint64_t end = std::min(extent.offset + extent.size, size);
        if (end <= done)
            continue;
        const std::uint64_t skipped = std::max(done, extent.offset) - extent.offset;
        const std::uint64_t begin = extent.offset + skipped;
        done = end;
        if (extent.address == PhysAddr{UINT64_MAX})
            continue;
        const PhysAddr address = extent.address + skipped;
        if (!result.empty() && result.back().offset + result.back().size == begin &&
            result.back().address + result.back().size == address)
            result.back().size += end - begin;
        else
            result.push_back({begin, end - begin, address});
    }
    return result;
}

}  // namespace kho
