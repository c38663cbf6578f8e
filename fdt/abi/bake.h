// SPDX-License-Identifier: GPL-2.0-or-later
// What the file that `kho bake` makes tells the loader in it (guest/bake). Both are ours and travel together,
// so there is no version.
//
//   load address      the loader's program, whole pages
//   then              bake_table, bake_part[parts], bake_range[zeroes], bake_range[needs]
//   somewhere else    page tables, stack: the table says where
#pragma once

#include "fdt/abi/phys.h"

namespace kho::abi {

inline constexpr std::uint64_t bake_magic = 0x656b6162206f686b;  // "kho bake"

// A u32 in the program, to be set to its load address: nothing else depends on where it lies.
inline constexpr std::uint64_t bake_load_address = 1;
// The program is entered at its first byte, as PVH has it: 32-bit protected mode, EBX = hvm_start_info.

// All addresses are physical.
struct bake_table {
    std::uint64_t magic;
    std::uint64_t page_table;  // top level; maps all that is named here, and the first 4 GiB
    std::uint64_t stack_end;
    std::uint64_t entry;        // of the kernel, in 64-bit mode
    std::uint64_t boot_params;  // memory map and RSDP are filled in by the loader
    std::uint32_t parts;
    std::uint32_t zeroes;
    std::uint32_t needs;  // what must be RAM: ascending, disjoint
    std::uint32_t reserved;
};
static_assert(sizeof(bake_table) == 56);
static_assert(offsetof(bake_table, page_table) == 8);
static_assert(offsetof(bake_table, stack_end) == 16);

// Bytes that were loaded at `from` and belong to `to`, perhaps the same. No part lies where another goes.
struct bake_part {
    std::uint64_t from;
    std::uint64_t to;
    std::uint64_t size;
    std::uint64_t sum;  // bake_sum
};
static_assert(sizeof(bake_part) == 32);

struct bake_range {
    std::uint64_t start;
    std::uint64_t size;
};
static_assert(sizeof(bake_range) == 16);

// A sum over 64-bit words (the last one filled up with zeroes), which starts at 0. Each step can be undone,
// so one word that changed always shows. For firmware that writes where it should not, not for forgers.
constexpr std::uint64_t bake_sum(std::uint64_t sum, std::uint64_t word) {
    constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;
    return ((sum << 7 | sum >> 57) ^ word) * odd;
}

}  // namespace kho::abi
