// SPDX-License-Identifier: GPL-2.0-or-later
// The PVH boot protocol. Facts from: Xen's public/arch-x86/hvm/start_info.h.
#include "guest/arch/x86_64/boot_info.h"
#include "guest/arch/x86_64/paging.h"

namespace guest::arch {
namespace {

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
constexpr std::uint32_t start_info_magic = 0x336ec578;

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

}  // namespace

void read_pvh(BootInfo &info, std::uint64_t address) {
    StartInfo start;
    if (!copy_from_physical(&start, address, sizeof(start)) || start.magic != start_info_magic)
        return;
    add_boot_data(info, address, sizeof(start));
    copy_command_line(info, start.command_line);
    info.acpi_rsdp = start.rsdp;

    Module initrd;
    if (start.module_count && copy_from_physical(&initrd, start.modules, sizeof(initrd)) && initrd.size)
        info.initrd = {kho::PhysAddr{initrd.address}, initrd.size};

    if (start.version < 1)
        return;
    if (start.memory_map_entries > max_entries_read) {
        start.memory_map_entries = max_entries_read;
        info.memory_map_truncated = true;
    }
    for (std::uint32_t i = 0; i < start.memory_map_entries; ++i) {
        MemoryMapEntry e;
        if (!copy_from_physical(&e, start.memory_map + i * sizeof(e), sizeof(e))) {
            info.memory_map_truncated = true;
            return;
        }
        add_memory(info, e.address, e.size, e.type);
    }
}

}  // namespace guest::arch
