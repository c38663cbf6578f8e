// SPDX-License-Identifier: GPL-2.0-or-later
// Runs of preserved blocks as the writers of maps see them, and bits of them. Internal to the writers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fdt/base/error.h"
#include "fdt/model/handover.h"

namespace kho {

// `count` neighbouring blocks, the first being number `first` of its order.
struct BlockRun {
    std::uint32_t order;
    std::uint64_t first;
    std::uint64_t count;

    std::uint64_t end() const { return first + count; }
};

// Errors: block_order, block_address; `index` says which block.
Outcome check_blocks(std::span<const PreservedBlocks> blocks);

// Sorted by order, then address; neighbours joined. Blocks that no map can express are left out:
// check_blocks() refuses them.
std::vector<BlockRun> runs_of(std::span<const PreservedBlocks> blocks);

// Sets `count` bits of a page from bit `first` on; the least significant bit of byte 0 is bit 0.
void set_bits(std::span<std::byte> page, std::uint64_t first, std::uint64_t count);

// Sorted by order, then address; neighbours of one order are one run: the form in which readers return them.
std::vector<PreservedBlocks> join_blocks(std::span<const PreservedBlocks> blocks);

}  // namespace kho
