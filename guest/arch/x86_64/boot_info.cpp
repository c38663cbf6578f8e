// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/arch/x86_64/boot_info.h"

#include <cstring>

#include "fdt/abi/x86_boot.h"
#include "guest/arch/x86_64/paging.h"

namespace guest::arch {
namespace {

void append(BootInfo &info, std::uint64_t address, std::uint64_t size, std::uint32_t type) {
    if (info.memory_map_count == kexec_handover::max_memory_ranges)
        info.memory_map_truncated = true;
    else
        info.memory_map[info.memory_map_count++] = {address, size, type, 0};
}

}  // namespace

void add_memory(BootInfo &info, std::uint64_t address, std::uint64_t size, std::uint32_t type) {
    if (size == 0)
        return;
    if (address + size - 1 < address) {
        info.memory_map_truncated = true;
        return;
    }
    if (type == kho::abi::e820_ram && address < kho::page_size) {
        const std::uint64_t in_page = kho::page_size - address;
        append(info, address, size < in_page ? size : in_page, kho::abi::e820_reserved);
        if (size <= in_page)
            return;
        address += in_page;
        size -= in_page;
    }
    append(info, address, size, type);
}

void add_boot_data(BootInfo &info, std::uint64_t address, std::uint64_t size) {
    if (info.boot_data_count < sizeof(info.boot_data) / sizeof(info.boot_data[0]))
        info.boot_data[info.boot_data_count++] = {kho::PhysAddr{address}, size};
}

void copy_command_line(BootInfo &info, std::uint64_t address) {
    if (address == 0)
        return;
    std::size_t length = 0;
    // Page by page: what lies behind the string's own need not exist.
    while (length < sizeof(info.command_line)) {
        const std::uint64_t from = address + length;
        const std::uint64_t rest_of_page = kho::page_size - from % kho::page_size;
        const std::size_t room = sizeof(info.command_line) - length;
        const std::size_t chunk = rest_of_page < room ? rest_of_page : room;
        if (!copy_from_physical(info.command_line + length, from, chunk))
            break;
        const std::size_t used = strnlen(info.command_line + length, chunk);
        length += used;
        if (used < chunk)
            return;
    }
    info.command_line_truncated = true;
    info.command_line[length < sizeof(info.command_line) ? length : sizeof(info.command_line) - 1] = '\0';
}

}  // namespace guest::arch
