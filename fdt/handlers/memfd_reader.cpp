// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/handlers/internal/memfd_reader.h"

#include <algorithm>

#include "fdt/abi/memfd.h"
#include "fdt/codec/internal/read_context.h"
#include "fdt/codec/internal/vmalloc.h"
#include "fdt/handlers/memfd.h"

namespace kho {
namespace {

// The fields of both versions in one.
struct Header {
    std::uint64_t pos = 0, size = 0;
    std::uint32_t seals = 0, flags = 0;
    std::uint64_t nr_folios = 0;
    abi::kho_vmalloc folios{};
};

bool load_header(ReadContext &context, const LuoFile &file, bool has_seals, const Scope &scope, Header &out) {
    const auto take = [&](const auto &ser) {
        out.pos = ser.pos;
        out.size = ser.size;
        out.nr_folios = ser.nr_folios;
        out.folios = ser.folios;
    };
    const PhysAddr at{file.data};
    if (!has_seals) {
        abi::memfd_luo_ser ser;
        if (!context.load(at, ser, Check::file_data, scope, file.data, 0))
            return false;
        take(ser);
        return true;
    }
    abi::memfd_luo_ser_v2 ser;
    if (!context.load(at, ser, Check::file_data, scope, file.data, 0))
        return false;
    take(ser);
    out.seals = ser.seals;
    out.flags = ser.flags;
    return true;
}

void check_header(ReadContext &context, const Header &header, std::uint64_t at, const Scope &scope) {
    const auto beyond = [&](Check check, const char *what, std::uint64_t seen) {
        context.fault(check, scope, at, 0, [&] {
            return std::string(what) + " is " + hex(seen) + ", expected at most " + hex(abi::memfd_max_size);
        });
    };
    if (header.size > abi::memfd_max_size)
        beyond(Check::memfd_size, "size", header.size);
    if (header.pos > abi::memfd_max_size)
        beyond(Check::memfd_pos, "position", header.pos);
    if ((header.seals & ~abi::memfd_all_seals) != 0)
        context.fault(Check::memfd_seals, scope, at, 0, [&] {
            return "seals are " + hex(header.seals) + ", known ones are " + hex(abi::memfd_all_seals);
        });
    if (header.flags != 0)
        context.fault(Check::memfd_flags, scope, at, 0,
                      [&] { return "flags are " + hex(header.flags) + ", expected 0"; });
}

class FolioReader {
public:
    FolioReader(ReadContext &context, Memfd &memfd, const Scope &scope)
        : context_(context), memfd_(memfd), scope_(scope) {}

    void read(const VmallocArea &area);

private:
    struct Place {
        std::uint64_t at, index;
    };
    void take(const abi::memfd_luo_folio_ser &entry, std::uint64_t at, std::uint64_t index);
    bool accept_index(MemfdFolio &folio, std::uint64_t at, std::uint64_t index);
    void drop_overlaps();

    ReadContext &context_;
    Memfd &memfd_;
    const Scope &scope_;
    std::vector<Place> places_;
    std::uint64_t last_address_ = 0;
    bool ascending_ = true;
    NumberSet addresses_;
};

void FolioReader::read(const VmallocArea &area) {
    constexpr std::uint64_t per_page = page_size / sizeof(abi::memfd_luo_folio_ser);
    abi::memfd_luo_folio_ser entries[per_page];
    std::uint64_t index = 0;
    for (const PhysAddr block : area.pages)
        for (std::uint64_t offset = 0; offset < order_bytes(area.order) && index < memfd_.nr_folios;
             offset += page_size) {
            const PhysAddr page = block + offset;
            if (!context_.load(page, entries, Check::vmalloc_address, scope_, value(page), 0))
                return;
            for (std::uint64_t i = 0; i < per_page && index < memfd_.nr_folios; i++, index++)
                take(entries[i], value(page) + i * sizeof entries[i], index);
        }
    drop_overlaps();
}

void FolioReader::take(const abi::memfd_luo_folio_ser &entry, std::uint64_t at, std::uint64_t index) {
    const std::uint64_t pfn = entry.pfn_flags & abi::memfd_pfn_mask;
    const auto flags = static_cast<std::uint16_t>(entry.pfn_flags >> abi::memfd_flags_shift);
    if (pfn == 0)
        return;
    if ((flags & ~(abi::memfd_folio_dirty | abi::memfd_folio_uptodate)) != 0)
        context_.fault(Check::folio_flags, scope_, at, index,
                       [&] { return "flags are " + hex(flags) + ", known ones are 0x3"; });
    MemfdFolio folio{.address = PhysAddr{pfn << page_shift}, .index = entry.index, .flags = flags};
    if (context_.knows_preserved()) {
        const std::optional<unsigned> order = context_.preserved().head_order(folio.address);
        if (!order || *order > max_order) {
            context_.fault(order ? Check::folio_order : Check::folio_address, scope_, at, index, [&] {
                return "folio at " + hex(value(folio.address)) +
                       (order ? " is a preserved block of order " + std::to_string(*order) +
                                    ", expected at most " + std::to_string(max_order)
                              : ", where no preserved block begins");
            });
            return;
        }
        folio.order = static_cast<std::uint8_t>(*order);
    }
    // Mostly ascending: only what is not has to be remembered.
    if (ascending_ && value(folio.address) > last_address_) {
        last_address_ = value(folio.address);
    } else {
        if (ascending_) {
            for (const MemfdFolio &before : memfd_.folios) addresses_.insert(value(before.address));
            ascending_ = false;
        }
        if (!addresses_.insert(value(folio.address))) {
            context_.fault(Check::folio_twice, scope_, at, index,
                           [&] { return "folio at " + hex(value(folio.address)) + " is there twice"; });
            return;
        }
    }
    if (!accept_index(folio, at, index))
        return;
    places_.push_back({at, index});
    memfd_.folios.push_back(folio);
}

bool FolioReader::accept_index(MemfdFolio &folio, std::uint64_t at, std::uint64_t index) {
    if (!is_aligned(folio.index, std::uint64_t{1} << folio.order)) {
        context_.fault(Check::folio_index, scope_, at, index, [&] {
            return "index " + std::to_string(folio.index) + " is not aligned to order " +
                   std::to_string(folio.order);
        });
        return false;
    }
    const std::uint64_t pages = memfd_.size / page_size + (memfd_.size % page_size == 0 ? 0 : 1);
    if (folio.index >= pages && memfd_.size <= abi::memfd_max_size) {
        context_.fault(Check::folio_beyond_size, scope_, at, index, [&] {
            return "index " + std::to_string(folio.index) + ", but the file has " + std::to_string(pages) +
                   " pages";
        });
        return false;
    }
    return true;
}

// Two folios for one page of the file: the later one is left out.
void FolioReader::drop_overlaps() {
    std::vector<MemfdFolio> &folios = memfd_.folios;
    const auto end = [](const MemfdFolio &folio) { return folio.index + (std::uint64_t{1} << folio.order); };
    const auto apart = [&](const MemfdFolio &a, const MemfdFolio &b) { return end(a) <= b.index; };
    if (std::ranges::adjacent_find(folios, [&](const auto &a, const auto &b) { return !apart(a, b); }) ==
        folios.end())
        return;
    std::vector<std::size_t> sorted(folios.size());
    for (std::size_t i = 0; i < sorted.size(); i++) sorted[i] = i;
    std::ranges::sort(sorted, [&](std::size_t a, std::size_t b) {
        return folios[a].index != folios[b].index ? folios[a].index < folios[b].index : a < b;
    });
    std::vector<bool> dropped(folios.size());
    std::size_t last = sorted[0];
    for (std::size_t i = 1; i < sorted.size(); i++) {
        const std::size_t next = sorted[i];
        if (apart(folios[last], folios[next])) {
            last = next;
            continue;
        }
        dropped[next] = true;
        context_.fault(Check::folio_overlap, scope_, places_[next].at, places_[next].index, [&] {
            return "index " + std::to_string(folios[next].index) + " is in the folio with index " +
                   std::to_string(folios[last].index) + " and order " + std::to_string(folios[last].order);
        });
    }
    std::size_t kept = 0;
    for (std::size_t i = 0; i < folios.size(); i++)
        if (!dropped[i])
            folios[kept++] = folios[i];
    folios.resize(kept);
}

}  // namespace

void read_memfd(ReadContext &context, LuoFile &file, bool has_seals, const Scope &scope) {
    const Range page{PhysAddr{file.data}, page_size};
    Header header;
    if (!load_header(context, file, has_seals, scope, header))
        return;
    context.require_preserved(page, "memfd", scope);
    if (!context.claim(page, MemfdUse::structure, scope, scope.session, scope.file))
        return;
    context.expect_block(page.start, 0, "memfd", scope);
    check_header(context, header, file.data, scope);
    Memfd memfd{.pos = header.pos,
                .size = header.size,
                .seals = header.seals,
                .flags = header.flags,
                .folio_array = header.folios,
                .nr_folios = header.nr_folios};
    if (header.nr_folios != 0) {
        constexpr std::uint64_t per_page = page_size / sizeof(abi::memfd_luo_folio_ser);
        const Scope below = scope.in("/folios");
        if (header.nr_folios > header.folios.total_pages * per_page) {
            context.fault(Check::folio_count, below, file.data, 0, [&] {
                return std::to_string(header.nr_folios) + " folios in " +
                       std::to_string(header.folios.total_pages) + " pages, which hold at most " +
                       std::to_string(header.folios.total_pages * per_page);
            });
        } else {
            const VmallocArea area = read_vmalloc(context, header.folios, page.start, MemfdUse::array, below);
            if (area.complete)
                FolioReader(context, memfd, below).read(area);
        }
        for (const MemfdFolio &folio : memfd.folios)
            context.use({folio.address, folio.bytes()}, MemfdUse::folios, scope.session, scope.file);
    }
    file.body = std::move(memfd);
}

}  // namespace kho
