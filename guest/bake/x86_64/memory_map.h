// SPDX-License-Identifier: GPL-2.0-or-later
// The machine's memory map, which the loader believes no more than it has to.
#pragma once

#include "fdt/abi/x86_boot.h"

namespace guest::bake {

// Linux's boot_params have no place for more.
struct MemoryMap {
    unsigned count;
    kho::abi::e820_entry entries[kho::abi::e820_max_entries];
};

// The first address from `start` on that is not RAM. Entries may be in any order; where they overlap, RAM is
// what is nothing else as well. One that would wrap around ends at the last address.
inline std::uint64_t ram_up_to(const MemoryMap &map, std::uint64_t start) {
    const auto end_of = [](const kho::abi::e820_entry &entry) {
        return entry.size > ~entry.addr ? ~std::uint64_t{0} : entry.addr + entry.size;
    };
    for (;;) {
        std::uint64_t ram_end = start, other_start = ~std::uint64_t{0};
        for (unsigned i = 0; i < map.count; i++) {
            const kho::abi::e820_entry &entry = map.entries[i];
            const std::uint64_t end = end_of(entry);
            if (start >= end)
                continue;
            if (entry.type != kho::abi::e820_ram && entry.size != 0)
                other_start = entry.addr < other_start ? entry.addr : other_start;
            else if (entry.type == kho::abi::e820_ram && start >= entry.addr && end > ram_end)
                ram_end = end;
        }
        if (other_start <= start || ram_end == start)
            return start;
        start = ram_end < other_start ? ram_end : other_start;
    }
}

// The entry because of which `address` is not RAM; none if nothing at all is there.
inline const kho::abi::e820_entry *reserved_at(const MemoryMap &map, std::uint64_t address) {
    for (unsigned i = 0; i < map.count; i++) {
        const kho::abi::e820_entry &entry = map.entries[i];
        if (entry.type != kho::abi::e820_ram && address >= entry.addr && address - entry.addr < entry.size)
            return &entry;
    }
    return nullptr;
}

}  // namespace guest::bake
