// SPDX-License-Identifier: GPL-2.0-or-later
// What the last kernel's LUO begins with: an FDT ("luo-v1", up to Linux 7.1) or a structure ("luo-v5",
// from 7.2 on).
#pragma once

#include "guest/kho/fault.h"
#include "guest/kho/incoming.h"

namespace guest {

enum class LuoFormat : std::uint8_t {
    v1,  // arrays: luo_session_header_ser, luo_file_ser[]
    v5,  // chains of blocks
};

struct LuoRoot {
    LuoFormat format = LuoFormat::v1;
    std::uint64_t liveupdate_number = 0;
    kho::PhysAddr sessions{};  // the session array, or the first block; 0 in luo-v5: there is no session
    kho::PhysAddr flbs{};      // 0: there are none, as always with Linux 6.19
};

// Reads it and claims its page. Which of the two it must be the format of the KHO part says, as in the
// kernels. Strict: all compatibles, all numbers of eight bytes, addresses aligned.
Errno read_luo_root(Pages &pages, KhoFormat format, const IncomingHandover::Subtree &subtree, LuoRoot &out,
                    Place &place);

Errno read_luo_fdt(Pages &pages, kho::PhysAddr at, LuoRoot &out, Place &place);
Errno read_luo_ser(Pages &pages, kho::PhysAddr at, std::uint64_t size, LuoRoot &out, Place &place);

}  // namespace guest
