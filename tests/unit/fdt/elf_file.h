// SPDX-License-Identifier: GPL-2.0-or-later
// ELF64 core files made by hand, as a dumper that is not ours would write them.
#pragma once

#include <elf.h>

#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fdt/abi/phys.h"

namespace kho {

struct ElfFile {
    std::vector<Elf64_Phdr> segments;
    std::vector<std::byte> notes;
    std::vector<std::byte> data;  // begins at data_at
    std::uint16_t machine = EM_X86_64;

    static constexpr std::uint64_t data_at = 0x1000;

    ElfFile &note(std::string_view owner, std::uint32_t type, std::string_view content) {
        const Elf64_Nhdr header{.n_namesz = static_cast<Elf64_Word>(owner.size() + 1),
                                .n_descsz = static_cast<Elf64_Word>(content.size()),
                                .n_type = type};
        append(notes, std::as_bytes(std::span(&header, 1)));
        append(notes, std::as_bytes(std::span(owner)));
        notes.resize(align_up(notes.size() + 1, 4));
        append(notes, std::as_bytes(std::span(content)));
        notes.resize(align_up(notes.size(), 4));
        return *this;
    }
    // Memory at `address`, whose bytes are at `at` in `data`.
    ElfFile &load(std::uint64_t address, std::uint64_t size, std::uint64_t at, std::uint64_t in_file) {
        Elf64_Phdr segment{};
        segment.p_type = PT_LOAD;
        segment.p_paddr = address;
        segment.p_memsz = size;
        segment.p_offset = data_at + at;
        segment.p_filesz = in_file;
        segments.push_back(segment);
        return *this;
    }
    ElfFile &load(std::uint64_t address, std::uint64_t size, std::uint64_t at) {
        return load(address, size, at, size);
    }
    ElfFile &page(char c) {
        data.resize(data.size() + page_size, static_cast<std::byte>(c));
        return *this;
    }

    std::vector<std::byte> bytes() const {
        std::vector<std::byte> out;
        Elf64_Ehdr header{};
        std::memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = ELFCLASS64;
        header.e_ident[EI_DATA] = ELFDATA2LSB;
        header.e_ident[EI_VERSION] = EV_CURRENT;
        header.e_type = ET_CORE;
        header.e_machine = machine;
        header.e_phoff = sizeof header;
        header.e_phentsize = sizeof(Elf64_Phdr);
        header.e_phnum = static_cast<Elf64_Half>(segments.size() + 1);
        append(out, std::as_bytes(std::span(&header, 1)));
        Elf64_Phdr note{};
        note.p_type = PT_NOTE;
        note.p_offset = sizeof header + (segments.size() + 1) * sizeof note;
        note.p_filesz = notes.size();
        append(out, std::as_bytes(std::span(&note, 1)));
        append(out, std::as_bytes(std::span(segments)));
        append(out, notes);
        out.resize(data_at);
        append(out, data);
        return out;
    }

private:
    static void append(std::vector<std::byte> &to, std::span<const std::byte> bytes) {
        to.insert(to.end(), bytes.begin(), bytes.end());
    }
};

}  // namespace kho
