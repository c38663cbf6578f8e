// SPDX-License-Identifier: GPL-2.0-or-later
// Codec of the LUO part of Linux 6.19: the "luo-v1" FDT and the "luo-session-v2" arrays.
#pragma once

#include <span>
#include <vector>

#include "fdt/handover.h"
#include "fdt/memory.h"

namespace kho {

// One page: the LUO FDT, with the FLB node of 7.0 unless `flb_header` is 0. Errors: fdt_full.
Result<std::vector<std::byte>> write_luo_v1_fdt(std::uint64_t liveupdate_number, PhysAddr session_header,
                                                PhysAddr flb_header);

// Reads and validates the session arrays, strictly (ABI.md groups 8 to 11 as far as they do not need a
// handler): counts, names, addresses, compatibles, tokens. All arrays must lie in `preserved`.
// Errors: not_preserved, session_count, session_name, file_set, file_count, file_compatible, file_token;
// `address` is that of the offending structure, `index` the entry in its array.
Result<std::vector<LuoSession>> read_luo_sessions(const Memory &memory, PhysAddr session_header,
                                                  const RangeSet &preserved);

// Reads the LUO FDT at `fdt` and the sessions behind it.
Result<Luo> read_luo_v1(const Memory &memory, PhysAddr fdt, const RangeSet &preserved);

}  // namespace kho
