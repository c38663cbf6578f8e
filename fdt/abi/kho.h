// SPDX-License-Identifier: GPL-2.0-or-later
// Wire format of Kexec HandOver: its FDT ("kho-v1" in Linux 6.19 and 7.0, "kho-v3" in 7.1, "kho-v4" from 7.2
// on), the chunk list of preserved memory of kho-v1 (the later ones have a radix tree: abi/radix.h), and what
// its clients share: preserved vmalloc areas. Integers are in CPU byte order, inside FDT properties too.
// Facts from: kernel/liveupdate/kexec_handover.c (6.19), include/linux/kho/abi/kexec_handover.h (7.x),
// arch/x86/include/uapi/asm/setup_data.h.
#pragma once

#include "fdt/abi/phys.h"

namespace kho::abi {

//   setup_data list ──> kho_data ──> KHO FDT ──preserved-memory-map──> mem_chunk ──next──> mem_chunk ──> 0
//                          │            └── LUO { fdt = <address> }       └─ 255 x {phys_start, bitmap} ──>
//                          4096 bytes of bits └──> kho_scratch[]

// KHO FDT, one page: / { compatible = "kho-v1"; preserved-memory-map = <u64>; NAME { fdt = <u64> }; ... }
// From kho-v3 on a child is { preserved-data = <u64>; blob-size = <u64>; }.
inline constexpr char kho_v1_compatible[] = "kho-v1";
inline constexpr char kho_v3_compatible[] = "kho-v3";
inline constexpr char kho_v4_compatible[] = "kho-v4";
inline constexpr char memory_map_property[] = "preserved-memory-map";
inline constexpr char sub_fdt_property[] = "fdt";
inline constexpr char preserved_data_property[] = "preserved-data";
inline constexpr char blob_size_property[] = "blob-size";
inline constexpr std::uint64_t kho_fdt_size = page_size;

// Where the next kernel finds the handover: behind an x86 setup_data of type SETUP_KEXEC_KHO.
struct kho_data {
    std::uint64_t fdt_addr;
    std::uint64_t fdt_size;      // bytes
    std::uint64_t scratch_addr;  // of a kho_scratch array
    std::uint64_t scratch_size;  // of that array, in bytes
};
static_assert(sizeof(kho_data) == 32);

// A contiguous area that the old kernel never preserves from, and the only memory that the new one
// uses before it has read the memory map. In order: low memory, global, one per NUMA node. Size 0 occurs.
struct kho_scratch {
    std::uint64_t addr;
    std::uint64_t size;  // bytes
};
static_assert(sizeof(kho_scratch) == 16);

// One order's bitmap: bit b set means that the block of 2^order pages at
// phys_start + (b << (12 + order)) is preserved.
struct mem_bitmap_ref {
    std::uint64_t phys_start;
    std::uint64_t bitmap;  // address of a page of bits, least significant bit of byte 0 first
};
inline constexpr std::uint64_t bitmap_bits = page_size * 8;
inline constexpr unsigned bitmap_refs_per_chunk = 255;

struct mem_chunk {
    std::uint64_t next;  // address of the next chunk, 0 ends
    std::uint32_t order;
    std::uint32_t num_elms;  // at most 255
    mem_bitmap_ref bitmaps[bitmap_refs_per_chunk];
};
static_assert(sizeof(mem_chunk) == page_size);
static_assert(offsetof(mem_chunk, order) == 8 && offsetof(mem_chunk, num_elms) == 12 &&
              offsetof(mem_chunk, bitmaps) == 16);

// A virtually contiguous area made of separate pages: a chain of chunks, each a page.
struct kho_vmalloc {
    std::uint64_t first;        // address of the first chunk
    std::uint32_t total_pages;  // of 4 KiB, whatever the order
    std::uint16_t flags;
    std::uint16_t order;
    bool operator==(const kho_vmalloc &) const = default;
};
static_assert(sizeof(kho_vmalloc) == 16 && offsetof(kho_vmalloc, flags) == 12);
inline constexpr std::uint16_t kho_vmalloc_alloc = 1;
inline constexpr std::uint16_t kho_vmalloc_huge = 2;

inline constexpr unsigned vmalloc_pages_per_chunk = 511;
struct vmalloc_chunk {
    std::uint64_t next;
    std::uint64_t pages[vmalloc_pages_per_chunk];  // addresses; a zero ends the list early
};
static_assert(sizeof(vmalloc_chunk) == page_size);

}  // namespace kho::abi
