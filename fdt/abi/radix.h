// SPDX-License-Identifier: GPL-2.0-or-later
// Wire format of the map of preserved memory in Linux 7.1 ("kho-v3") and from 7.2 on ("kho-v4"): a radix
// tree. Facts from: include/linux/kho/abi/kexec_handover.h, kernel/liveupdate/kexec_handover.c.
#pragma once

#include "fdt/abi/phys.h"

namespace kho::abi {

//   preserved-memory-map ──> radix_node (level 5) ──> ... ──> radix_node (level 1) ──> radix_leaf (level 0)
//
// A preserved block is a key, a set bit of a leaf:
//
//   bit 52             52 - order                  15 14          0
//   0 ... 0                 1     address >> (12 + order)
//                                                     └ bit in the leaf
//   51 + 9 - 1 ... 51 | 50 ... 42 | 41 ... 33 | 32 ... 24 | 23 ... 15   index in the node of level 5 ... 1
inline constexpr unsigned radix_levels = 6;
inline constexpr unsigned radix_node_shift = 9;   // log2 of a node's entries
inline constexpr unsigned radix_leaf_shift = 15;  // log2 of a leaf's bits
inline constexpr unsigned radix_key_bits = 64 - page_shift + 1;
static_assert(radix_leaf_shift + (radix_levels - 1) * radix_node_shift >= radix_key_bits);

// Inner node: addresses of nodes or leaves, 0 where there is none. Each is a page; none of them is preserved.
struct radix_node {
    std::uint64_t table[1u << radix_node_shift];
};
static_assert(sizeof(radix_node) == page_size);

struct radix_leaf {
    std::uint64_t bitmap[(1u << radix_leaf_shift) / 64];  // least significant bit first
};
static_assert(sizeof(radix_leaf) == page_size);

// `address` is aligned to the block size.
constexpr std::uint64_t radix_key(std::uint64_t address, unsigned order) {
    return std::uint64_t{1} << (radix_key_bits - 1 - order) | address >> (page_shift + order);
}

// In a node of `level` 1 to 5.
constexpr unsigned radix_index(std::uint64_t key, unsigned level) {
    return static_cast<unsigned>(key >> (radix_leaf_shift + (level - 1) * radix_node_shift)) &
           ((1u << radix_node_shift) - 1);
}
constexpr unsigned radix_bit(std::uint64_t key) {
    return static_cast<unsigned>(key) & ((1u << radix_leaf_shift) - 1);
}

}  // namespace kho::abi
