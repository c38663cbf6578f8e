// SPDX-License-Identifier: GPL-2.0-or-later
// What a PVH loader says.
#include "guest/arch/x86_64/boot_info.h"
#include "guest/arch/x86_64/paging.h"
#include "guest/arch/x86_64/pvh.h"

namespace guest::arch {

void read_pvh(BootInfo &info, std::uint64_t address) {
    pvh::StartInfo start;
    if (!copy_from_physical(&start, address, sizeof(start)) || start.magic != pvh::start_info_magic)
        return;
    add_boot_data(info, address, sizeof(start));
    copy_command_line(info, start.command_line);
    info.acpi_rsdp = start.rsdp;

    pvh::Module initrd;
    if (start.module_count && copy_from_physical(&initrd, start.modules, sizeof(initrd)) && initrd.size)
        info.initrd = {kho::PhysAddr{initrd.address}, initrd.size};

    if (start.version < 1)
        return;
    if (start.memory_map_entries > max_entries_read) {
        start.memory_map_entries = max_entries_read;
        info.memory_map_truncated = true;
    }
    for (std::uint32_t i = 0; i < start.memory_map_entries; ++i) {
        pvh::MemoryMapEntry e;
        if (!copy_from_physical(&e, start.memory_map + i * sizeof(e), sizeof(e))) {
            info.memory_map_truncated = true;
            return;
        }
        add_memory(info, e.address, e.size, e.type);
    }
}

}  // namespace guest::arch
