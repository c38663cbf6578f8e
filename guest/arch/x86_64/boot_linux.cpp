// SPDX-License-Identifier: GPL-2.0-or-later
// The Linux boot protocol: boot_params and the setup_data list behind it.
#include <cstring>

#include "fdt/abi/x86_boot.h"
#include "guest/arch/x86_64/boot_info.h"
#include "guest/arch/x86_64/paging.h"

namespace guest::arch {
namespace {

namespace offset = kho::abi::boot_params;

constexpr std::uint32_t setup_e820_ext = 1;
constexpr unsigned max_setup_data_nodes = 32;

// A page: too much for the stack.
unsigned char boot_params[offset::size];

template <typename T>
T get(std::uint64_t at) {
    T v;
    std::memcpy(&v, boot_params + at, sizeof(v));
    return v;
}

// A value of which the header holds the lower half and boot_params the upper.
std::uint64_t get_halves(std::uint64_t low, std::uint64_t high) {
    return std::uint64_t{get<std::uint32_t>(high)} << 32 | get<std::uint32_t>(low);
}

void add_entry(BootInfo &info, const kho::abi::e820_entry &e) { add_memory(info, e.addr, e.size, e.type); }

void read_e820_extension(BootInfo &info, std::uint64_t address, std::uint32_t length) {
    std::uint32_t n = length / static_cast<std::uint32_t>(sizeof(kho::abi::e820_entry));
    if (n > max_entries_read) {
        n = max_entries_read;
        info.memory_map_truncated = true;
    }
    for (; n; --n) {
        kho::abi::e820_entry e;
        if (!copy_from_physical(&e, address, sizeof(e))) {
            info.memory_map_truncated = true;
            return;
        }
        add_entry(info, e);
        address += sizeof(e);
    }
}

bool seen(const BootInfo &info, std::uint64_t address) {
    for (std::size_t i = 0; i < info.boot_data_count; ++i)
        if (kho::value(info.boot_data[i].start) == address)
            return true;
    return false;
}

void read_handover(BootInfo &info, std::uint64_t address, std::uint32_t length) {
    kho::abi::kho_data handover;
    if (length != sizeof(handover) || !copy_from_physical(&handover, address, sizeof(handover)))
        info.handover_malformed = true;
    else if (!info.handover)
        info.handover = handover;
}

// The list may be anything: circular, in memory that does not exist, with lengths that wrap.
void read_setup_data(BootInfo &info, std::uint64_t address) {
    for (unsigned nodes = 0; address; ++nodes) {
        kho::abi::setup_data_header node;
        if (nodes == max_setup_data_nodes || seen(info, address) ||
            !copy_from_physical(&node, address, sizeof(node))) {
            info.handover_malformed = true;
            return;
        }
        add_boot_data(info, address, sizeof(node) + std::uint64_t{node.len});
        const std::uint64_t data = address + sizeof(node);
        if (node.type == setup_e820_ext)
            read_e820_extension(info, data, node.len);
        if (node.type == kho::abi::setup_kexec_kho)
            read_handover(info, data, node.len);
        address = node.next;
    }
}

}  // namespace

void read_boot_params(BootInfo &info, std::uint64_t address) {
    if (!copy_from_physical(boot_params, address, sizeof(boot_params))) {
        info.handover_malformed = true;
        return;
    }
    add_boot_data(info, address, sizeof(boot_params));
    copy_command_line(info, get_halves(offset::cmd_line_ptr, offset::ext_cmd_line_ptr));
    info.acpi_rsdp = get<std::uint64_t>(offset::acpi_rsdp_addr);
    const std::uint64_t initrd_size = get_halves(offset::ramdisk_size, offset::ext_ramdisk_size);
    if (initrd_size)
        info.initrd = {kho::PhysAddr{get_halves(offset::ramdisk_image, offset::ext_ramdisk_image)},
                       initrd_size};

    unsigned entries = get<std::uint8_t>(offset::e820_entries);
    if (entries > kho::abi::e820_max_entries)
        entries = kho::abi::e820_max_entries;
    for (unsigned i = 0; i < entries; ++i)
        add_entry(info, get<kho::abi::e820_entry>(offset::e820_table + i * sizeof(kho::abi::e820_entry)));
    read_setup_data(info, get<std::uint64_t>(offset::setup_data));
}

}  // namespace guest::arch
