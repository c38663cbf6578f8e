// SPDX-License-Identifier: GPL-2.0-or-later
// The LUO FDT of the last kernel ("luo-v1").
#pragma once

#include "guest/kho/fault.h"
#include "guest/kho/pages.h"

namespace guest {

struct LuoFdt {
    std::uint64_t liveupdate_number = 0;
    kho::PhysAddr session_header{};
    kho::PhysAddr flb_header{};  // 0: there is no node, as Linux 6.19 writes it
};

// Reads it and claims its page. Strict: all nodes' compatibles, all numbers of eight bytes, headers aligned.
Errno read_luo_fdt(Pages &pages, kho::PhysAddr at, LuoFdt &out, Place &place);

}  // namespace guest
