// SPDX-License-Identifier: GPL-2.0-or-later
// The LUO FDT of the last kernel ("luo-v1").
#pragma once

#include "guest/kho/fault.h"
#include "guest/kho/pages.h"

namespace guest {

struct LuoFdt {
    std::uint64_t liveupdate_number = 0;
    kho::PhysAddr session_header{};
};

// Reads it and claims its page. Strict: two nodes' compatibles, both numbers of eight bytes, header aligned.
Errno read_luo_fdt(Pages &pages, kho::PhysAddr at, LuoFdt &out, Place &place);

}  // namespace guest
