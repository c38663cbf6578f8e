// SPDX-License-Identifier: GPL-2.0-or-later
// The kdump-compressed format (of diskdump descent), 64-bit little-endian: what QEMU's dump-guest-memory
// writes with -z, -l and -s, and makedumpfile. And the flattened form of it, for files that can only be
// written front to back. Facts from: QEMU include/sysemu/dump.h, makedumpfile's diskdump_mod.h and
// IMPLEMENTATION.
#pragma once

#include "fdt/abi/phys.h"

namespace kho::abi {

//   block 0            kdump_header
//   1 ...              kdump_sub_header, sub_hdr_size blocks; notes somewhere behind it
//   1 + sub_hdr_size   two bitmaps, bitmap_blocks together: pages that exist, and pages that are in the dump
//   behind them        a kdump_page for each bit of the second bitmap, in order; then what they point to

inline constexpr char kdump_signature[] = "KDUMP   ";  // 8 bytes, no NUL
inline constexpr std::uint64_t kdump_header_blocks = 1;

struct [[gnu::packed]] kdump_header {
    char signature[8];
    std::uint32_t header_version;  // 6: max_mapnr_64 is valid
    char sysname[65], nodename[65], release[65], version[65], machine[65], domainname[65];
    char padding[6];
    std::uint64_t timestamp[2];
    std::uint32_t status;
    std::uint32_t block_size;     // of the file, and of a page
    std::uint32_t sub_hdr_size;   // blocks
    std::uint32_t bitmap_blocks;  // of both bitmaps
    std::uint32_t max_mapnr;      // one more than the last page frame
    std::uint32_t total_ram_blocks;
    std::uint32_t device_blocks;
    std::uint32_t written_blocks;
    std::uint32_t current_cpu;
    std::uint32_t nr_cpus;
};
static_assert(sizeof(kdump_header) == 464);
static_assert(offsetof(kdump_header, machine) == 272 && offsetof(kdump_header, timestamp) == 408 &&
              offsetof(kdump_header, block_size) == 428 && offsetof(kdump_header, nr_cpus) == 460);
// Where a 32-bit dump, whose timestamp is shorter, has its block_size.
inline constexpr std::uint64_t kdump32_block_size = 416;

struct kdump_sub_header {
    std::uint64_t phys_base;
    std::uint32_t dump_level;  // makedumpfile's -d: bit 0 leaves out pages of zeroes
    std::uint32_t split;       // not 0: one of several files
    std::uint64_t start_pfn, end_pfn;
    std::uint64_t offset_vmcoreinfo, size_vmcoreinfo;  // in the file, bytes; 0: none
    std::uint64_t offset_note, size_note;
    std::uint64_t offset_eraseinfo, size_eraseinfo;
    std::uint64_t start_pfn_64, end_pfn_64, max_mapnr_64;
};
static_assert(sizeof(kdump_sub_header) == 104);
static_assert(offsetof(kdump_sub_header, offset_vmcoreinfo) == 32 &&
              offsetof(kdump_sub_header, max_mapnr_64) == 96);
inline constexpr std::uint32_t kdump_level_no_zero_pages = 1;

struct kdump_page {
    std::uint64_t offset;  // in the file
    std::uint32_t size;    // bytes there
    std::uint32_t flags;
    std::uint64_t page_flags;
};
static_assert(sizeof(kdump_page) == 24);
inline constexpr std::uint32_t kdump_page_zlib = 0x01;
inline constexpr std::uint32_t kdump_page_lzo = 0x02;
inline constexpr std::uint32_t kdump_page_snappy = 0x04;
inline constexpr std::uint32_t kdump_page_zstd = 0x20;
inline constexpr std::uint32_t kdump_page_compressed =
    kdump_page_zlib | kdump_page_lzo | kdump_page_snappy | kdump_page_zstd;

// Flattened: a header of a page, then {record, bytes} until a record of -1, -1. Big-endian. Later records
// overwrite what earlier ones put at the same place.
inline constexpr char flat_signature[16] = "makedumpfile";
struct flat_header {
    char signature[16];
    std::uint64_t type;     // 1
    std::uint64_t version;  // 1
};
static_assert(sizeof(flat_header) == 32);
inline constexpr std::uint64_t flat_header_size = 4096;
inline constexpr std::uint64_t flat_type = 1;
inline constexpr std::uint64_t flat_version = 1;

struct flat_record {
    std::uint64_t offset;  // where the bytes belong
    std::uint64_t size;
};
static_assert(sizeof(flat_record) == 16);
inline constexpr std::uint64_t flat_end = ~std::uint64_t{0};

}  // namespace kho::abi
