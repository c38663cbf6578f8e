// SPDX-License-Identifier: GPL-2.0-or-later
// The machine's memory map, as recordings have it.
#pragma once

#include <cstdint>
#include <span>

#include "fdt/base/ranges.h"

namespace kho {

struct CoreMemoryRange {
    std::uint64_t address;
    std::uint64_t size;
    std::uint32_t type;  // e820 type
    std::uint32_t reserved;
};
static_assert(sizeof(CoreMemoryRange) == 24);

// What of a memory map is RAM. Ranges that wrap around are none.
RangeSet ram_in(std::span<const CoreMemoryRange> memory_map);

}  // namespace kho
