// SPDX-License-Identifier: GPL-2.0-or-later
// Writers of the KHO part of Linux 6.19 and 7.0: the "kho-v1" FDT and the chunk list of preserved memory.
#pragma once

#include <span>
#include <vector>

#include "fdt/error.h"
#include "fdt/handover.h"

namespace kho {

// Number of pages that the chunk list of `blocks` takes, bitmaps included.
std::uint64_t kho_v1_map_pages(std::span<const PreservedBlocks> blocks);

// Lays the chunk list out in consecutive pages from `at`, which is also the address of the first chunk;
// `out` has kho_v1_map_pages(blocks) pages. Blocks may be in any order but must not overlap.
// Errors: block_order, block_address.
Outcome write_kho_v1_map(std::span<const PreservedBlocks> blocks, PhysAddr at, std::span<std::byte> out);

// One page: the KHO FDT. Errors: fdt_full.
Result<std::vector<std::byte>> write_kho_v1_fdt(PhysAddr memory_map, std::span<const Subtree> subtrees);

}  // namespace kho
