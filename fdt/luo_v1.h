// SPDX-License-Identifier: GPL-2.0-or-later
// Writer of the LUO part of Linux 6.19: the "luo-v1" FDT.
#pragma once

#include <vector>

#include "fdt/abi/phys.h"
#include "fdt/error.h"

namespace kho {

// One page: the LUO FDT, with the FLB node of 7.0 unless `flb_header` is 0. Errors: fdt_full.
Result<std::vector<std::byte>> write_luo_v1_fdt(std::uint64_t liveupdate_number, PhysAddr session_header,
                                                PhysAddr flb_header);

}  // namespace kho
