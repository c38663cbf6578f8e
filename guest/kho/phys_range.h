// SPDX-License-Identifier: GPL-2.0-or-later
// A piece of physical memory.
#pragma once

#include "fdt/abi/phys.h"

namespace guest {

struct PhysRange {
    kho::PhysAddr start;
    std::uint64_t size;  // bytes
};

}  // namespace guest
