// SPDX-License-Identifier: GPL-2.0-or-later
// Codec of the KHO part of Linux 6.19 and 7.0: the "kho-v1" FDT and the chunk list of preserved memory.
#pragma once

#include <span>
#include <vector>

#include "fdt/handover.h"
#include "fdt/memory.h"

namespace kho {

// Number of pages that the chunk list of `blocks` takes, bitmaps included.
std::uint64_t kho_v1_map_pages(std::span<const PreservedBlocks> blocks);

// Lays the chunk list out in consecutive pages from `at`, which is also the address of the first chunk;
// `out` has kho_v1_map_pages(blocks) pages. Blocks may be in any order but must not overlap.
// Errors: block_order, block_address.
Outcome write_kho_v1_map(std::span<const PreservedBlocks> blocks, PhysAddr at, std::span<std::byte> out);

// One page: the KHO FDT. Errors: fdt_full.
Result<std::vector<std::byte>> write_kho_v1_fdt(PhysAddr memory_map, std::span<const Subtree> subtrees);

// Reads the chunk list. Bounded, and a cycle is an error: map_address, map_chunk, map_order, map_bitmap,
// outside_memory. map_bitmap's `address` is that of the chunk and `index` the entry in it; for a block that
// is preserved twice, in two bitmaps, it is the block's address. Neighbouring blocks come back joined,
// ascending by order, then address.
Result<std::vector<PreservedBlocks>> read_kho_v1_map(const Memory &memory, PhysAddr first_chunk);

// Reads everything that kho_data points at: FDT, scratch array, map, and the LUO part if there is one.
// Errors: those of read_kho_v1_map and read_luo_v1, fdt_header, compatible_unknown, property_missing,
// property_length, subtree_address (`index`: which child), scratch_array (`index`: which area).
Result<Handover> read_kho_v1(const Memory &memory, const abi::kho_data &data);

}  // namespace kho
