// SPDX-License-Identifier: GPL-2.0-or-later
// The PVH boot protocol: what EBX points to at the entry. Facts from: Xen's public/arch-x86/hvm/start_info.h.
#pragma once

#include <cstdint>

namespace guest::arch::pvh {

struct StartInfo {
    std::uint32_t magic;
    std::uint32_t version;
    std::uint32_t flags;
    std::uint32_t module_count;
    std::uint64_t modules;
    std::uint64_t command_line;
    std::uint64_t rsdp;
    // From version 1 on:
    std::uint64_t memory_map;
    std::uint32_t memory_map_entries;
    std::uint32_t reserved;
};
static_assert(sizeof(StartInfo) == 56);
inline constexpr std::uint32_t start_info_magic = 0x336ec578;

struct Module {
    std::uint64_t address;
    std::uint64_t size;
    std::uint64_t command_line;
    std::uint64_t reserved;
};
static_assert(sizeof(Module) == 32);

struct MemoryMapEntry {
    std::uint64_t address;
    std::uint64_t size;
    std::uint32_t type;
    std::uint32_t reserved;
};
static_assert(sizeof(MemoryMapEntry) == 24);

}  // namespace guest::arch::pvh
