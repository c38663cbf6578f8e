// SPDX-License-Identifier: GPL-2.0-or-later
// Wire format of the Live Update Orchestrator as Linux 6.19 to 7.1 write it: the "luo-v1" FDT, the
// "luo-session-v2" arrays and, from 7.0 on, the "luo-flb-v1" array.
// Facts from: include/linux/kho/abi/luo.h, kernel/liveupdate/luo_*.c (6.19; FLBs: 7.0 to 7.3).
#pragma once

#include "fdt/abi/phys.h"

namespace kho::abi {

//   LUO FDT ──> luo_session_header_ser, count x luo_session_ser
//                                       └─files─> count x luo_file_ser ──data──> handler's own
//
// LUO FDT, one page, all integers u64 in CPU byte order:
//   / { compatible = "luo-v1"; liveupdate-number = <u64>;
//       luo-session { compatible = "luo-session-v2"; luo-session-header = <u64 address>; };
//       luo-flb { compatible = "luo-flb-v1"; luo-flb-header = <u64 address>; }; };
// luo-flb: from 7.0 on, and mandatory there.
inline constexpr char luo_subtree_name[] = "LUO";
inline constexpr char luo_v1_compatible[] = "luo-v1";
inline constexpr char liveupdate_number_property[] = "liveupdate-number";
inline constexpr char luo_session_node[] = "luo-session";
inline constexpr char luo_session_v2_compatible[] = "luo-session-v2";
inline constexpr char luo_session_header_property[] = "luo-session-header";
inline constexpr char luo_flb_node[] = "luo-flb";
inline constexpr char luo_flb_v1_compatible[] = "luo-flb-v1";
inline constexpr char luo_flb_header_property[] = "luo-flb-header";
inline constexpr std::uint64_t luo_fdt_size = page_size;

struct luo_file_ser {
    char compatible[48];  // NUL-terminated name of the handler
    std::uint64_t data;   // the handler's own, mostly an address
    std::uint64_t token;  // chosen by user space, unique within its set
};
static_assert(sizeof(luo_file_ser) == 64 && offsetof(luo_file_ser, token) == 56);

struct luo_file_set_ser {
    std::uint64_t files;  // address of a luo_file_ser array; 0 when the set is empty
    std::uint64_t count;
};
static_assert(sizeof(luo_file_set_ser) == 16);

struct luo_session_ser {
    char name[64];  // NUL-terminated, unique
    luo_file_set_ser file_set;
};
static_assert(sizeof(luo_session_ser) == 80 && offsetof(luo_session_ser, file_set) == 64);

struct luo_session_header_ser {
    std::uint64_t count;  // luo_session_ser entries follow directly
};
static_assert(sizeof(luo_session_header_ser) == 8);

// Objects that files of several sessions share (file-lifecycle-bound): a header and its entries in one page.
struct luo_flb_header_ser {
    std::uint64_t pgcnt;  // pages of the whole area: 1
    std::uint64_t count;  // luo_flb_ser entries follow directly
};
static_assert(sizeof(luo_flb_header_ser) == 16);

struct luo_flb_ser {
    char name[48];        // NUL-terminated name of the FLB
    std::uint64_t data;   // the FLB's own
    std::uint64_t count;  // references: preserved files that depend on it, and users of the object
};
static_assert(sizeof(luo_flb_ser) == 64 && offsetof(luo_flb_ser, data) == 48 &&
              offsetof(luo_flb_ser, count) == 56);

inline constexpr std::uint64_t flb_area_pages = 1;
inline constexpr std::uint64_t max_flbs =
    (flb_area_pages * page_size - sizeof(luo_flb_header_ser)) / sizeof(luo_flb_ser);
static_assert(max_flbs == 63);
inline constexpr std::uint64_t max_flb_references = 0x7fffffff;  // kernels count them in an int

// The header and its entries fill 16 pages, a file array two.
inline constexpr std::uint64_t session_area_pages = 16;
inline constexpr std::uint64_t max_sessions =
    (session_area_pages * page_size - sizeof(luo_session_header_ser)) / sizeof(luo_session_ser);
static_assert(max_sessions == 819);
inline constexpr std::uint64_t file_area_pages = 2;
inline constexpr std::uint64_t max_files_per_set = file_area_pages * page_size / sizeof(luo_file_ser);
static_assert(max_files_per_set == 128);

}  // namespace kho::abi
