// SPDX-License-Identifier: GPL-2.0-or-later
// The one check before anything of a foreign FDT is looked up.
#pragma once

#include <cstddef>
#include <span>

namespace kho {

// 0, or one of libfdt's error codes (negative), the same one with every version of libfdt. After 0 libfdt can
// be used on these bytes, which must not change and begin at a multiple of eight. fdt_check_full() alone is
// not enough for hostile bytes: see abi/flat_tree.h.
int check_fdt(std::span<const std::byte> bytes);

}  // namespace kho
