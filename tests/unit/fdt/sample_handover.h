// SPDX-License-Identifier: GPL-2.0-or-later
// Handovers made by hand for what only looks at them: maps and comparisons.
#pragma once

#include <string>
#include <vector>

#include "fdt/abi/memfd.h"
#include "fdt/abi/units.h"
#include "fdt/formats/releases.h"
#include "fdt/handlers/memfd.h"
#include "fdt/model/handover.h"
#include "tests/unit/test_memory.h"

namespace kho::sample {

inline constexpr std::uint16_t both_flags = abi::memfd_folio_dirty | abi::memfd_folio_uptodate;

inline MemfdFolio folio(std::uint64_t address, std::uint64_t index, std::uint8_t order = 0,
                        std::uint16_t flags = both_flags) {
    return {.address = PhysAddr{address}, .index = index, .flags = flags, .order = order};
}

inline LuoFile memfd_file(std::uint64_t token, std::uint64_t size, std::vector<MemfdFolio> folios) {
    Memfd memfd{.size = size, .nr_folios = folios.size(), .folios = std::move(folios)};
    return {.compatible = "memfd-v2", .data = 0x100000, .token = token, .body = std::move(memfd)};
}

inline Use use(std::uint64_t address, std::uint64_t pages, UseKind kind, std::uint32_t item = Use::none,
               std::uint32_t file = Use::none) {
    return {.range = {PhysAddr{address}, pages * page_size}, .kind = kind, .item = item, .file = file};
}

// A machine of `ram` bytes (a multiple of 1 GiB) that hands over two sessions. Addresses are offset by
// `base`.
inline Handover machine(std::uint64_t base = 0) {
    Handover handover{.format = &kho_v4, .fdt = PhysAddr{base + 0x3000000}};
    handover.scratch = {{PhysAddr{16 * mib}, 16 * mib}, {PhysAddr{512 * mib}, 64 * mib}};
    const std::uint64_t at = base + 0x3000000;
    handover.preserved = {{PhysAddr{at}, 0, 12},
                          {PhysAddr{at + 0x100000}, 0, 3},
                          {PhysAddr{at + 0x200000}, 3, 4},
                          {PhysAddr{at + 0x1000000}, 9, 5}};
    handover.uses = {use(at, 1, UseKind::kho_fdt),
                     use(at + 0x1000, 2, UseKind::map_node),
                     use(at + 0x3000, 1, UseKind::map_bitmap),
                     use(at + 0x4000, 1, UseKind::luo_root),
                     use(at + 0x5000, 1, UseKind::session_block),
                     use(at + 0x6000, 1, UseKind::file_block, 0),
                     use(at + 0x7000, 1, MemfdUse::structure, 0, 0),
                     use(at + 0x8000, 1, MemfdUse::array, 0, 0),
                     use(at + 0x100000, 3, MemfdUse::folios, 0, 0),
                     use(at + 0x200000, 32, MemfdUse::folios, 0, 1),
                     use(at + 0x1000000, 1024, UseKind::memblock_reservation, 0)};
    Luo luo{.format = &luo_v5, .root = PhysAddr{at + 0x4000}, .liveupdate_number = 3};
    luo.sessions = {
        {.name = "vm",
         .files = {memfd_file(1, 3 * page_size,
                              {folio(at + 0x100000, 0), folio(at + 0x101000, 1), folio(at + 0x102000, 2)}),
                   memfd_file(2, 64 * page_size,
                              {folio(at + 0x200000, 0, 3), folio(at + 0x208000, 8, 3),
                               folio(at + 0x210000, 32, 3), folio(at + 0x218000, 40, 3)})}},
        {.name = "empty"}};
    luo.flbs = std::vector<LuoFlb>{{.name = "iommu", .data = 0x1000, .count = 1}};
    handover.luo = std::move(luo);
    handover.memblock = std::vector<MemblockReservation>{
        {.name = "trace", .range = {PhysAddr{at + 0x1000000}, 1024 * page_size}}};
    handover.subtrees = {{"LUO", PhysAddr{at + 0x4000}, 32}, {"memblock", PhysAddr{at + 0x9000}, page_size}};
    return handover;
}

// Every second page of `count`, with bytes that depend on the address.
inline Handover scattered(std::uint64_t first, std::uint64_t step, std::uint32_t count) {
    Handover handover{.format = &kho_v3, .fdt = PhysAddr{first}};
    for (std::uint32_t i = 0; i < count; i++)
        handover.preserved.push_back({PhysAddr{first + i * step}, 0, 1});
    handover.uses = {use(first, 1, UseKind::kho_fdt)};
    return handover;
}

}  // namespace kho::sample
