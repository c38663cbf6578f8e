// SPDX-License-Identifier: GPL-2.0-or-later
// Wire format of the subtree "kho_test", which the kernel's own test of KHO leaves for its second half.
// Facts from: lib/test_kho.c.
#pragma once

#include "fdt/abi/kho.h"

namespace kho::abi {

// An FDT, possibly of several pages, integers in CPU byte order:
//   / { compatible = "kho-test-v1"; magic = <u32>;
//       data { nr_folios = <u32>; folios_info = <kho_vmalloc>; csum = <u32>; }; };
// folios_info is an array of u64: a folio's address, its order in the low 12 bits.
inline constexpr char kho_test_subtree_name[] = "kho_test";
inline constexpr char kho_test_v1_compatible[] = "kho-test-v1";
inline constexpr char kho_test_magic_property[] = "magic";
inline constexpr std::uint32_t kho_test_magic = 0x4b484f21;
inline constexpr char kho_test_data_node[] = "data";
inline constexpr char kho_test_nr_folios_property[] = "nr_folios";
inline constexpr char kho_test_folios_property[] = "folios_info";
inline constexpr char kho_test_csum_property[] = "csum";

}  // namespace kho::abi
