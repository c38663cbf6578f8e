// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "fdt/abi/memfd.h"
#include "fdt/base/internal/text.h"
#include "fdt/write/internal/luo.h"

namespace kho {
namespace {

Error refuse(Errc code, const std::string &where, const std::string &what) {
    return {.code = code, .what = where + ": " + what};
}

Outcome check_memfd(const Memfd &memfd, const Generation &generation, const std::string &where) {
    if (!generation.memfd_has_seals() && (memfd.seals != 0 || memfd.flags != 0))
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

}  // namespace

Result<abi::kho_vmalloc> write_vmalloc(std::span<const std::byte> bytes, MetadataPages &pages) {
    const std::uint64_t total = (bytes.size() + page_size - 1) / page_size;
    if (total > UINT32_MAX)
        return Error{.code = Errc::no_room, .what = "an array of " + std::to_string(total) + " pages"};
    // A chunk that is full has another one behind it, even if no page follows.
    Result<MetadataPages::Block> chunk = pages.preserved(0);
    if (!chunk)
        return chunk.error();
    const abi::kho_vmalloc area{.first = value(chunk.value().address),
                                .total_pages = static_cast<std::uint32_t>(total),
                                .flags = abi::kho_vmalloc_alloc,
                                .order = 0};
    std::uint64_t slot = 0;
    while (!bytes.empty()) {
        const Result<MetadataPages::Block> page = pages.preserved(0);
        if (!page)
            return page.error();
        const std::size_t here = std::min<std::size_t>(bytes.size(), page_size);
        std::ranges::copy(bytes.first(here), page.value().bytes.begin());
        bytes = bytes.subspan(here);
        MetadataPages::put(chunk.value(), value(page.value().address),
                           offsetof(abi::vmalloc_chunk, pages) + slot * sizeof(std::uint64_t));
        if (++slot < abi::vmalloc_pages_per_chunk)
            continue;
        Result<MetadataPages::Block> next = pages.preserved(0);
        if (!next)
            return next.error();
        MetadataPages::put(chunk.value(), value(next.value().address), offsetof(abi::vmalloc_chunk, next));
        chunk = std::move(next);
        slot = 0;
    }
    return area;
}

Outcome write_memfd(LuoFile &file, const Generation &generation, MetadataPages &pages,
                    const std::string &where) {
    Memfd &memfd = *file.memfd;
    if (Outcome outcome = check_memfd(memfd, generation, where); !outcome)
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
    if (generation.memfd_has_seals())
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
    file.compatible = generation.memfd_compatible;
    file.data = value(structure.value().address);
    return success();
}

}  // namespace kho
