// SPDX-License-Identifier: GPL-2.0-or-later
// Preserved blocks, collected by the readers of both map formats and looked up by everything behind the map.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "fdt/model/handover.h"

namespace kho {

// Takes runs in any order; cheapest in ascending order within an order.
class BlockCollector {
public:
    // A hostile map may name more blocks than there is memory. No machine comes near this many separate runs.
    static constexpr std::size_t max_runs = std::size_t{1} << 24;

    // `count` blocks from number `first` of `order`, which is at most max_block_order. Must not wrap. False,
    // and nothing taken, if there are too many.
    bool add(std::uint32_t order, std::uint64_t first, std::uint64_t count);

    struct Overlap {
        PreservedBlocks kept, dropped;  // of the first pair
        std::uint64_t count = 0;        // of pairs
    };
    // All runs by address, disjoint: what overlaps an earlier one is dropped. Leaves the collector empty.
    std::vector<PreservedBlocks> by_address(Overlap &overlap);

private:
    std::array<std::vector<PreservedBlocks>, max_block_order + 1> runs_;
    std::size_t count_ = 0;
};

// The form of Handover::preserved: ascending by order, then address, neighbours joined. A map can have
// millions of runs: what is given away is not copied if it has that form already, and what is kept is copied
// once.
std::vector<PreservedBlocks> by_order(std::vector<PreservedBlocks> &&by_address);
std::vector<PreservedBlocks> by_order(std::span<const PreservedBlocks> by_address);

class BlockIndex {
public:
    BlockIndex() = default;
    explicit BlockIndex(std::vector<PreservedBlocks> by_address);

    bool contains(const Range &range) const { return ranges_.contains(range); }
    const RangeSet &ranges() const { return ranges_; }
    std::span<const PreservedBlocks> blocks() const { return by_address_; }

    // The order of the preserved block that begins at `address`; nothing if none does. Quick for neighbours
    // of the last one asked for, and so not for two threads at once.
    std::optional<unsigned> head_order(PhysAddr address) const;

private:
    std::vector<PreservedBlocks> by_address_;
    RangeSet ranges_;
    mutable std::size_t last_ = 0;
};

}  // namespace kho
