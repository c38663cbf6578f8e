// SPDX-License-Identifier: GPL-2.0-or-later
// Wire format of a preserved memfd: "memfd-v1" (Linux 6.19 and 7.0) and "memfd-v2" (from 7.1 on).
// Facts from: include/linux/kho/abi/memfd.h, mm/memfd_luo.c.
#pragma once

#include "fdt/abi/kho.h"

namespace kho::abi {

inline constexpr char memfd_v1_compatible[] = "memfd-v1";

// One page, preserved; its address is the luo_file_ser's data.
struct memfd_luo_ser {
    std::uint64_t pos;   // file position, bytes
    std::uint64_t size;  // bytes
    std::uint64_t nr_folios;
    kho_vmalloc folios;  // a memfd_luo_folio_ser array; zeroed when nr_folios is 0
};
static_assert(sizeof(memfd_luo_ser) == 40 && offsetof(memfd_luo_ser, folios) == 24);

inline constexpr char memfd_v2_compatible[] = "memfd-v2";

struct memfd_luo_ser_v2 {
    std::uint64_t pos;    // file position, bytes
    std::uint64_t size;   // bytes
    std::uint32_t seals;  // as fcntl(F_GET_SEALS) gives them
    std::uint32_t flags;  // none is defined
    std::uint64_t nr_folios;
    kho_vmalloc folios;
};
static_assert(sizeof(memfd_luo_ser_v2) == 48 && offsetof(memfd_luo_ser_v2, seals) == 16 &&
              offsetof(memfd_luo_ser_v2, flags) == 20 && offsetof(memfd_luo_ser_v2, nr_folios) == 24 &&
              offsetof(memfd_luo_ser_v2, folios) == 32);

// F_SEAL_SEAL: no seal can be added. All files of memfd-v1 come back with it, and no other.
inline constexpr std::uint32_t memfd_seal_seal = 0x1;
// Seals that can be handed over: seal, shrink, grow, write, future write, exec.
inline constexpr std::uint32_t memfd_all_seals = 0x3f;
// A file is as long as a signed 64-bit offset reaches.
inline constexpr std::uint64_t memfd_max_size = (std::uint64_t{1} << 63) - 1;

struct memfd_luo_folio_ser {
    std::uint64_t pfn_flags;  // page frame number in bits 51:0, flags in 63:52; pfn 0: skipped
    std::uint64_t index;      // of the folio's first page in the file, in pages
};
static_assert(sizeof(memfd_luo_folio_ser) == 16);

inline constexpr std::uint64_t memfd_pfn_mask = (std::uint64_t{1} << 52) - 1;
inline constexpr unsigned memfd_flags_shift = 52;
inline constexpr std::uint64_t memfd_folio_dirty = 1;
inline constexpr std::uint64_t memfd_folio_uptodate = 2;

}  // namespace kho::abi
