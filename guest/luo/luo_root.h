// SPDX-License-Identifier: GPL-2.0-or-later
// What the last kernel's LUO begins with: an FDT ("luo-v1", up to Linux 7.1) or a structure ("luo-v5",
// from 7.2 on).
#pragma once

#include "guest/kho/incoming.h"
#include "guest/luo/formats.h"

namespace guest {

struct LuoRoot {
    const LuoFormat *format = &luo_v1;
    std::uint64_t liveupdate_number = 0;
    kho::PhysAddr sessions{};  // the session array, or the first block; 0 with blocks: there is no session
    kho::PhysAddr flbs{};      // 0: there are none, as always with Linux 6.19

    // Of a kernel without live update: no session.
    static LuoRoot none() { return {.format = &luo_v5}; }
};

// Reads it and claims its page. The format of the KHO part says which format it must have, as in the kernels.
// Strict: all compatibles, all numbers of eight bytes, addresses aligned.
Errno read_luo_root(Pages &pages, const KhoFormat &format, const IncomingHandover::Subtree &subtree,
                    LuoRoot &out, Place &place);

Errno read_luo_fdt(Pages &pages, kho::PhysAddr at, LuoRoot &out, Place &place);
Errno read_luo_ser(Pages &pages, kho::PhysAddr at, std::uint64_t size, LuoRoot &out, Place &place);

}  // namespace guest
