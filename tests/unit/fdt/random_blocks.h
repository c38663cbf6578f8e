// SPDX-License-Identifier: GPL-2.0-or-later
// Preserved blocks by chance, disjoint as a kernel's are.
#pragma once

#include <algorithm>
#include <random>
#include <vector>

#include "fdt/model/handover.h"

namespace kho {

// Ascending from `from`; sometimes neighbours, sometimes far apart, mostly small orders.
inline std::vector<PreservedBlocks> random_blocks(std::mt19937_64 &random, PhysAddr from,
                                                  std::uint64_t count) {
    std::vector<PreservedBlocks> blocks;
    std::uint64_t cursor = value(from);
    for (std::uint64_t i = 0; i < count; i++) {
        const auto order =
            static_cast<std::uint32_t>(random() % 4 == 0 ? random() % (max_block_order + 1) : random() % 3);
        const auto length = static_cast<std::uint32_t>(
            random() % 8 == 0 ? 1 + random() % (1u << (17 - std::min(order, 17u))) : 1 + random() % 3);
        if (random() % 2 == 0)
            cursor += (random() % 1000) * page_size;
        cursor = align_up(cursor, order_bytes(order));
        blocks.push_back({PhysAddr{cursor}, order, length});
        cursor += blocks.back().bytes();
    }
    return blocks;
}

// The form in which readers return them.
inline std::vector<PreservedBlocks> joined(std::vector<PreservedBlocks> blocks) {
    std::ranges::sort(blocks, [](const PreservedBlocks &a, const PreservedBlocks &b) {
        return a.order != b.order ? a.order < b.order : a.address < b.address;
    });
    std::vector<PreservedBlocks> result;
    for (const PreservedBlocks &block : blocks)
        if (!result.empty() && result.back().order == block.order &&
            result.back().range().end() == block.address)
            result.back().count += block.count;
        else
            result.push_back(block);
    return result;
}

}  // namespace kho
