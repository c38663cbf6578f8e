// SPDX-License-Identifier: GPL-2.0-or-later
// Writing the radix tree. A leaf is known by the upper bits of the keys in it, a node by fewer of them; level
// by level they are numbered in ascending order, the root being page 0.
#include "fdt/formats/internal/radix_tree.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

#include "fdt/abi/radix.h"

namespace kho {
namespace {

// Calls visit(leaf, first bit, number of bits) for each piece of a run that lies in one leaf.
template <typename Visit>
void for_each_piece(std::span<const BlockRun> runs, Visit visit) {
    constexpr std::uint64_t leaf_bits = std::uint64_t{1} << abi::radix_leaf_shift;
    for (const BlockRun &run : runs) {
        const std::uint64_t order_bit = abi::radix_key(0, run.order);
        for (std::uint64_t block = run.first; block < run.end();) {
            const std::uint64_t key = order_bit | block;
            const std::uint64_t stop = std::min(run.end(), (block / leaf_bits + 1) * leaf_bits);
            visit(key >> abi::radix_leaf_shift, abi::radix_bit(key), stop - block);
            block = stop;
        }
    }
}

struct Tree {
    // The nodes of each level, known by the keys' bits above them. Level 0: leaves.
    std::array<std::vector<std::uint64_t>, abi::radix_levels> ids;
    std::array<std::uint64_t, abi::radix_levels> first_page{};
    std::uint64_t pages = 0;

    explicit Tree(std::span<const BlockRun> runs) {
        for_each_piece(runs, [this](std::uint64_t leaf, std::uint64_t, std::uint64_t) {
            if (ids[0].empty() || ids[0].back() != leaf)
                ids[0].push_back(leaf);
        });
        // Runs ascend by order, while the order's bit descends.
        std::ranges::sort(ids[0]);
        for (unsigned level = 1; level < abi::radix_levels; level++)
            for (const std::uint64_t child : ids[level - 1])
                if (const std::uint64_t id = child >> abi::radix_node_shift;
                    ids[level].empty() || ids[level].back() != id)
                    ids[level].push_back(id);
        if (ids.back().empty())
            ids.back().push_back(0);  // a root without anything below it
        assert(ids.back().size() == 1);
        for (unsigned level = abi::radix_levels; level-- > 0;) {
            first_page[level] = pages;
            pages += ids[level].size();
        }
    }

    std::uint64_t page_of(unsigned level, std::uint64_t id) const {
        const auto found = std::ranges::lower_bound(ids[level], id);
        return first_page[level] + static_cast<std::uint64_t>(found - ids[level].begin());
    }
};

constexpr StructureField node_fields[] = {KHO_FIELD(abi::radix_node, table)};
constexpr StructureField leaf_fields[] = {KHO_FIELD(abi::radix_leaf, bitmap)};
constexpr Structure structure_list[] = {{"kho_radix_node", sizeof(abi::radix_node), node_fields},
                                        {"kho_radix_leaf", sizeof(abi::radix_leaf), leaf_fields}};

}  // namespace

std::span<const Structure> RadixTree::structures() const { return structure_list; }

std::uint64_t RadixTree::pages(std::span<const BlockRun> runs) const { return Tree(runs).pages; }

void RadixTree::write(std::span<const BlockRun> runs, PhysAddr at, std::span<std::byte> out) const {
    const Tree tree(runs);
    assert(out.size() >= tree.pages * page_size);
    std::ranges::fill(out, std::byte{0});
    for (unsigned level = 1; level < abi::radix_levels; level++) {
        const std::vector<std::uint64_t> &children = tree.ids[level - 1];
        for (std::size_t i = 0; i < children.size(); i++) {
            const std::uint64_t parent = tree.page_of(level, children[i] >> abi::radix_node_shift);
            const std::uint64_t slot = children[i] % (std::uint64_t{1} << abi::radix_node_shift);
            const std::uint64_t child = value(at + (tree.first_page[level - 1] + i) * page_size);
            std::memcpy(out.data() + parent * page_size + slot * sizeof child, &child, sizeof child);
        }
    }
    for_each_piece(runs, [&](std::uint64_t leaf, std::uint64_t bit, std::uint64_t count) {
        set_bits(out.subspan(tree.page_of(0, leaf) * page_size, page_size), bit, count);
    });
}

}  // namespace kho
