// SPDX-License-Identifier: GPL-2.0-or-later
// Kernel files made by hand, right in every field, for tests to break one.
#pragma once

#include <elf.h>

#include <cstring>
#include <span>
#include <vector>

#include "fdt/abi/x86_boot.h"

namespace kho {

struct KernelFile {
    std::vector<std::byte> bytes;

    template <typename T>
    KernelFile &set(std::uint64_t offset, T value) {
        std::memcpy(bytes.data() + offset, &value, sizeof value);
        return *this;
    }
    template <typename T>
    T get(std::uint64_t offset) const {
        T value;
        std::memcpy(&value, bytes.data() + offset, sizeof value);
        return value;
    }
    operator std::span<const std::byte>() const { return bytes; }
};

inline constexpr std::uint64_t bzimage_payload_at = 0x400;
inline constexpr std::uint64_t bzimage_payload_size = 0x1000;
inline constexpr std::uint64_t bzimage_header_end = 0x26c;

//  0x000  boot sector, setup header from 0x1f1 on
//  0x200  one more sector of setup code
//  0x400  the kernel, 4096 bytes, 64-bit entry at 0x200 in it; takes 1 MiB in memory
inline KernelFile make_bzimage() {
    namespace bp = abi::boot_params;
    KernelFile file{std::vector<std::byte>(bzimage_payload_at + bzimage_payload_size, std::byte{0x90})};
    std::memset(file.bytes.data() + bp::setup_header, 0, bzimage_header_end - bp::setup_header);
    file.set(bp::setup_sects, std::uint8_t{1})
        .set(bp::syssize, static_cast<std::uint32_t>(bzimage_payload_size / 16))
        .set(bp::boot_flag, abi::boot_flag_magic)
        .set(bp::jump, std::uint8_t{0xeb})
        .set(bp::jump + 1, static_cast<std::uint8_t>(bzimage_header_end - bp::header_magic))
        .set(bp::header_magic, abi::header_magic_hdrs)
        .set(bp::version, std::uint16_t{0x020f})
        .set(bp::loadflags, std::uint8_t{abi::loadflag_loaded_high | abi::loadflag_can_use_heap})
        .set(bp::code32_start, std::uint32_t{0x100000})
        .set(bp::initrd_addr_max, std::uint32_t{0x7fffffff})
        .set(bp::kernel_alignment, std::uint32_t{0x200000})
        .set(bp::relocatable_kernel, std::uint8_t{1})
        .set(bp::xloadflags, std::uint16_t{abi::xloadflag_kernel_64 | abi::xloadflag_can_be_loaded_above_4g})
        .set(bp::cmdline_size, std::uint32_t{255})
        .set(bp::pref_address, std::uint64_t{0x1000000})
        .set(bp::init_size, std::uint32_t{0x100000});
    return file;
}

inline constexpr std::uint64_t elf_size = 0x3000;

constexpr std::uint64_t program_header(std::uint64_t index) {
    return sizeof(Elf64_Ehdr) + index * sizeof(Elf64_Phdr);
}

//  0x1000  code, 0x800 bytes at 0x1000000, virtual 0xffffffff81000000
//  0x2000  data, 0x1000 bytes at 0x1002000 and as much again of zeroes
inline KernelFile make_elf() {
    KernelFile file{std::vector<std::byte>(elf_size, std::byte{0xcc})};
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_X86_64;
    header.e_entry = 0xffffffff81000100;
    header.e_phoff = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 3;
    const Elf64_Phdr note{.p_type = PT_NOTE,
                          .p_flags = 0,
                          .p_offset = ~0ull,
                          .p_vaddr = 0,
                          .p_paddr = 0,
                          .p_filesz = ~0ull,
                          .p_memsz = 0,
                          .p_align = 0};
    const Elf64_Phdr code{.p_type = PT_LOAD,
                          .p_flags = PF_R | PF_X,
                          .p_offset = 0x1000,
                          .p_vaddr = 0xffffffff81000000,
                          .p_paddr = 0x1000000,
                          .p_filesz = 0x800,
                          .p_memsz = 0x800,
                          .p_align = 0x1000};
    const Elf64_Phdr data{.p_type = PT_LOAD,
                          .p_flags = PF_R | PF_W,
                          .p_offset = 0x2000,
                          .p_vaddr = 0xffffffff81002000,
                          .p_paddr = 0x1002000,
                          .p_filesz = 0x1000,
                          .p_memsz = 0x2000,
                          .p_align = 0x200000};
    file.set(0, header)
        .set(program_header(0), note)
        .set(program_header(1), code)
        .set(program_header(2), data);
    return file;
}

}  // namespace kho
