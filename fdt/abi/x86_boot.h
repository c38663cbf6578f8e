// SPDX-License-Identifier: GPL-2.0-or-later
// The parts of the Linux/x86 boot protocol that a boot loader and a kernel must agree on.
// Facts from: Documentation/arch/x86/boot.rst, arch/x86/include/uapi/asm/{bootparam,setup_data}.h.
#pragma once

#include "fdt/abi/phys.h"

namespace kho::abi {

// Offsets into the zero page (boot_params, 4096 bytes). From 0x1f1 on they are also offsets into a bzImage.
namespace boot_params {
inline constexpr std::uint64_t size = page_size;
inline constexpr std::uint64_t acpi_rsdp_addr = 0x070;     // u64
inline constexpr std::uint64_t ext_ramdisk_image = 0x0c0;  // u32, upper halves
inline constexpr std::uint64_t ext_ramdisk_size = 0x0c4;   // u32
inline constexpr std::uint64_t ext_cmd_line_ptr = 0x0c8;   // u32
inline constexpr std::uint64_t e820_entries = 0x1e8;       // u8
inline constexpr std::uint64_t setup_header = 0x1f1;
inline constexpr std::uint64_t setup_sects = 0x1f1;         // u8, 0 means 4
inline constexpr std::uint64_t syssize = 0x1f4;             // u32, of the kernel proper, in 16 bytes
inline constexpr std::uint64_t boot_flag = 0x1fe;           // u16, 0xaa55
inline constexpr std::uint64_t jump = 0x200;                // the byte at 0x201 gives the header's end
inline constexpr std::uint64_t header_magic = 0x202;        // u32, "HdrS"
inline constexpr std::uint64_t version = 0x206;             // u16
inline constexpr std::uint64_t type_of_loader = 0x210;      // u8
inline constexpr std::uint64_t loadflags = 0x211;           // u8
inline constexpr std::uint64_t code32_start = 0x214;        // u32
inline constexpr std::uint64_t ramdisk_image = 0x218;       // u32
inline constexpr std::uint64_t ramdisk_size = 0x21c;        // u32
inline constexpr std::uint64_t heap_end_ptr = 0x224;        // u16
inline constexpr std::uint64_t cmd_line_ptr = 0x228;        // u32
inline constexpr std::uint64_t initrd_addr_max = 0x22c;     // u32
inline constexpr std::uint64_t kernel_alignment = 0x230;    // u32
inline constexpr std::uint64_t relocatable_kernel = 0x234;  // u8
inline constexpr std::uint64_t min_alignment = 0x235;       // u8, power of two
inline constexpr std::uint64_t xloadflags = 0x236;          // u16
inline constexpr std::uint64_t cmdline_size = 0x238;        // u32, without the NUL
inline constexpr std::uint64_t setup_data = 0x250;          // u64, address of the first node
inline constexpr std::uint64_t pref_address = 0x258;        // u64
inline constexpr std::uint64_t init_size = 0x260;           // u32
inline constexpr std::uint64_t header_end = 0x290;          // hard end before the e820 table
inline constexpr std::uint64_t e820_table = 0x2d0;          // 128 x e820_entry
}  // namespace boot_params

inline constexpr std::uint32_t header_magic_hdrs = 0x53726448;
inline constexpr std::uint16_t boot_flag_magic = 0xaa55;
inline constexpr std::uint8_t loadflag_loaded_high = 0x01;
inline constexpr std::uint8_t loadflag_keep_segments = 0x40;
inline constexpr std::uint8_t loadflag_can_use_heap = 0x80;
inline constexpr std::uint16_t xloadflag_kernel_64 = 0x0001;  // 64-bit entry at +0x200
inline constexpr std::uint16_t xloadflag_can_be_loaded_above_4g = 0x0002;
inline constexpr std::uint64_t entry_64_offset = 0x200;
inline constexpr std::uint8_t loader_type_undefined = 0xff;

struct [[gnu::packed]] e820_entry {
    std::uint64_t addr;
    std::uint64_t size;
    std::uint32_t type;
};
static_assert(sizeof(e820_entry) == 20);
inline constexpr unsigned e820_max_entries = 128;
inline constexpr std::uint32_t e820_ram = 1;
inline constexpr std::uint32_t e820_reserved = 2;

// A node of a linked list that begins at boot_params::setup_data; `len` bytes follow it.
struct setup_data_header {
    std::uint64_t next;
    std::uint32_t type;
    std::uint32_t len;
};
static_assert(sizeof(setup_data_header) == 16);
inline constexpr std::uint32_t setup_kexec_kho = 10;

}  // namespace kho::abi
