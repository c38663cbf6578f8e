// SPDX-License-Identifier: GPL-2.0-or-later
// Wire format of the subtree "memblock": memory that reserve_mem= on the command line asked for.
// Facts from: include/linux/kho/abi/memblock.h, mm/memblock.c.
#pragma once

#include "fdt/abi/phys.h"

namespace kho::abi {

// An FDT of one page, all integers u64 in CPU byte order:
//   / { compatible = "memblock-v1";
//       NAME { compatible = "reserve-mem-v1"; start = <u64 address>; size = <u64 bytes>; }; ... };
inline constexpr char memblock_subtree_name[] = "memblock";
inline constexpr char memblock_v1_compatible[] = "memblock-v1";
inline constexpr char reserve_mem_v1_compatible[] = "reserve-mem-v1";
inline constexpr char reserve_mem_start_property[] = "start";
inline constexpr char reserve_mem_size_property[] = "size";

}  // namespace kho::abi
