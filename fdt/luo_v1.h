// SPDX-License-Identifier: GPL-2.0-or-later
// Codec of the LUO part of Linux 6.19: the "luo-v1" FDT and the "luo-session-v2" arrays.
#pragma once

#include <span>
#include <vector>

#include "fdt/handover.h"
#include "fdt/memory.h"

namespace kho {

// One page: the LUO FDT. Errors: fdt_full.
Result<std::vector<std::byte>> write_luo_v1_fdt(std::uint64_t liveupdate_number, PhysAddr session_header);

// Reads the LUO FDT at `fdt` and the sessions behind it.
Result<Luo> read_luo_v1(const Memory &memory, PhysAddr fdt, const RangeSet &preserved);

}  // namespace kho
