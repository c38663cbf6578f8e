// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstddef>

#include "fdt/codec/internal/vmalloc.h"

namespace kho {

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

}  // namespace kho
