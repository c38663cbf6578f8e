// SPDX-License-Identifier: GPL-2.0-or-later
// Wire format of a preserved memfd, "memfd-v1" (Linux 6.19 and 7.0).
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
