// SPDX-License-Identifier: GPL-2.0-or-later
// Preserved vmalloc areas, in which handlers keep their arrays. Internal to codecs.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "fdt/base/error.h"
#include "fdt/codec/internal/read_context.h"
#include "fdt/codec/internal/structure.h"
#include "fdt/codec/metadata_pages.h"

namespace kho {

// The pages of a preserved vmalloc area, in order, each contiguous in memory: order 0 pages or larger.
struct VmallocArea {
    std::vector<PhysAddr> pages;
    unsigned order = 0;
    bool complete = false;
};
VmallocArea read_vmalloc(ReadContext &context, const abi::kho_vmalloc &area, PhysAddr holder, UseKind kind,
                         const Scope &scope);

inline constexpr StructureField vmalloc_fields[] = {
    KHO_FIELD(abi::kho_vmalloc, first), KHO_FIELD(abi::kho_vmalloc, total_pages),
    KHO_FIELD(abi::kho_vmalloc, flags), KHO_FIELD(abi::kho_vmalloc, order)};
inline constexpr StructureField vmalloc_chunk_fields[] = {KHO_FIELD_AS("hdr.next", abi::vmalloc_chunk, next),
                                                          KHO_FIELD_AS("phys", abi::vmalloc_chunk, pages)};
inline constexpr Structure vmalloc_structures[] = {
    {"kho_vmalloc", sizeof(abi::kho_vmalloc), vmalloc_fields},
    {"kho_vmalloc_chunk", sizeof(abi::vmalloc_chunk), vmalloc_chunk_fields}};

// Preserved pages as an area: the kho_vmalloc that leads to `bytes`, zeroes behind them. Errors: no_room.
Result<abi::kho_vmalloc> write_vmalloc(std::span<const std::byte> bytes, MetadataPages &pages);

}  // namespace kho
