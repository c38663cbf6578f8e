// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/file/memory_map.h"

#include <utility>
#include <vector>

#include "fdt/abi/x86_boot.h"

namespace kho {

RangeSet ram_in(std::span<const CoreMemoryRange> memory_map) {
    std::vector<Range> ram;
    for (const CoreMemoryRange &entry : memory_map)
        if (const auto range = Range::checked(entry.address, entry.size);
            range && entry.type == abi::e820_ram)
            ram.push_back(*range);
    return RangeSet(std::move(ram));
}

}  // namespace kho
