// SPDX-License-Identifier: GPL-2.0-or-later
// The formats of a memory file's data: with seals, or without.
#pragma once

#include <string_view>

#include "fdt/abi/memfd.h"
#include "guest/kho/window.h"

namespace guest {

using MemfdSer = kho::abi::memfd_luo_ser_v2;  // what all formats say

struct MemfdFormat {
    std::string_view compatible;
    std::uint32_t first_release;  // that writes it, as the device's register has it
    bool has_seals;
    MemfdSer (*load)(const PhysicalWindow &window, kho::PhysAddr at);
    void (*store)(const PhysicalWindow &window, kho::PhysAddr at, const MemfdSer &ser);
};

// NOLINTNEXTLINE(bugprone-dynamic-static-initializers): constinit
extern const MemfdFormat memfd_v1, memfd_v2;

// What this release writes.
const MemfdFormat &memfd_format_of(std::uint32_t release);

}  // namespace guest
