// SPDX-License-Identifier: GPL-2.0-or-later
// Wire format of the Live Update Orchestrator from Linux 7.2 on: "luo-v5". Sessions, files and FLBs are the
// structures of abi/luo.h; what leads to them is new.
// Facts from: include/linux/kho/abi/luo.h, include/linux/kho/abi/block.h, kernel/liveupdate/kho_block.c.
#pragma once

#include "fdt/abi/luo.h"

namespace kho::abi {

//   luo_ser ──sessions_pa──> block ──next──> block ──> 0      luo_session_ser.files ──> block ──> ...
//      └──────flbs_pa──────> luo_flb_header_ser                (there count is the sum over all blocks)
inline constexpr char luo_v5_compatible[] = "luo-v5";

// The blob of the subtree LUO: not an FDT.
struct luo_ser {
    char compatible[8];  // NUL-terminated
    std::uint64_t liveupdate_num;
    std::uint64_t sessions_pa;  // first block; 0: no session
    std::uint64_t flbs_pa;      // 0: no FLBs
};
static_assert(sizeof(luo_ser) == 32 && offsetof(luo_ser, liveupdate_num) == 8 &&
              offsetof(luo_ser, sessions_pa) == 16 && offsetof(luo_ser, flbs_pa) == 24);

// Head of a block, which is a page; entries follow directly.
struct kho_block_header_ser {
    std::uint64_t next;   // address of the next block, 0 ends
    std::uint64_t count;  // entries in this block; 0 is refused
};
static_assert(sizeof(kho_block_header_ser) == 16 && offsetof(kho_block_header_ser, count) == 8);

inline constexpr std::uint64_t max_blocks = 10000;  // of one chain
inline constexpr std::uint64_t sessions_per_block =
    (page_size - sizeof(kho_block_header_ser)) / sizeof(luo_session_ser);
static_assert(sessions_per_block == 51);
inline constexpr std::uint64_t files_per_block =
    (page_size - sizeof(kho_block_header_ser)) / sizeof(luo_file_ser);
static_assert(files_per_block == 63);

}  // namespace kho::abi
