// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/make/description.h"

#include <algorithm>

#include "fdt/abi/units.h"
#include "fdt/abi/x86_boot.h"

namespace kho {

std::vector<CoreMemoryRange> pc_memory_map(std::uint64_t bytes) {
    constexpr std::uint64_t low_end = 0x9fc00, low_hole_end = mib, high_hole = 3 * gib,
                            high_hole_end = 4 * gib;
    // SeaBIOS keeps its tables there, and gives back what it does not need.
    constexpr std::uint64_t firmware = 256 * 1024;
    bytes = align_down(bytes, page_size);
    const std::uint64_t below = bytes < high_hole + gib / 2 ? bytes : high_hole;
    std::vector<CoreMemoryRange> map{{0, low_end, abi::e820_ram, 0},
                                     {low_end, 0xa0000 - low_end, abi::e820_reserved, 0},
                                     {0xf0000, 0x10000, abi::e820_reserved, 0}};
    if (below > low_hole_end + firmware) {
        map.push_back({low_hole_end, below - firmware - low_hole_end, abi::e820_ram, 0});
        map.push_back({below - firmware, firmware, abi::e820_reserved, 0});
    }
    if (bytes > below)
        map.push_back({high_hole_end, bytes - below, abi::e820_ram, 0});
    return map;
}

std::vector<ScratchDescription> default_scratch(std::uint64_t ram) {
    const std::uint64_t low =
        std::clamp(align_down(ram / 8, scratch_alignment), scratch_alignment, 256 * mib);
    return {{.size = low}, {.size = low}, {.size = align_up(low / 2, scratch_alignment)}};
}

}  // namespace kho
