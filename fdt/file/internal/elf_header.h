// SPDX-License-Identifier: GPL-2.0-or-later
// What the ELF files that are written here have in common. Internal to their writers.
#pragma once

#include <elf.h>

#include <cstring>
#include <span>

namespace kho {

// Of x86_64, with program headers right behind it; `type` is ET_CORE or ET_EXEC. Their number, the entry and
// sections are the caller's.
inline Elf64_Ehdr make_elf_header(Elf64_Half type) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = type;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    header.e_phoff = sizeof header;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof(Elf64_Phdr);
    return header;
}

template <typename T>
std::span<const std::byte> bytes_of(const T &object) {
    return std::as_bytes(std::span(&object, 1));
}

}  // namespace kho
