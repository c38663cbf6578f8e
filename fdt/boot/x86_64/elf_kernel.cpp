// SPDX-License-Identifier: GPL-2.0-or-later
// Reading an ELF64 executable that is entered as vmlinux is: in 64-bit mode with RSI = boot_params.
#include "fdt/boot/x86_64/internal/elf_kernel.h"

#include <elf.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>

#include "fdt/base/internal/text.h"

namespace kho {
namespace {

// A checked PT_LOAD that takes memory.
struct Load {
    Range memory;  // at p_paddr
    std::uint64_t vaddr;
    std::span<const std::byte> bytes;

    // Only bytes from the file can be code.
    std::optional<PhysAddr> at_virtual(std::uint64_t address) const {
        if (address < vaddr || address - vaddr >= bytes.size())
            return std::nullopt;
        return memory.start + (address - vaddr);
    }
    bool holds_code_at(PhysAddr address) const {
        return address >= memory.start && address - memory.start < bytes.size();
    }
};

Result<Elf64_Ehdr> read_header(std::span<const std::byte> file) {
    if (file.size() < sizeof(Elf64_Ehdr))
        return image_error(Errc::image_truncated, file.size(), "the file ends within the ELF header");
    const auto header = present_field<Elf64_Ehdr>(file, 0);
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
        header.e_machine != EM_X86_64)
        return image_error(Errc::image_format, 0, "an ELF file, but not a 64-bit one for x86_64");
    if (header.e_type != ET_EXEC && header.e_type != ET_DYN)
        return image_error(Errc::image_format, offsetof(Elf64_Ehdr, e_type),
                           "ELF type " + std::to_string(header.e_type) + " is not an executable");
    if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0 || header.e_phnum == PN_XNUM)
        return image_error(Errc::image_format, offsetof(Elf64_Ehdr, e_phnum),
                           std::to_string(header.e_phnum) + " program headers of " +
                               std::to_string(header.e_phentsize) + " bytes");
    const std::uint64_t table = std::uint64_t{header.e_phnum} * sizeof(Elf64_Phdr);
    if (header.e_phoff > file.size() || table > file.size() - header.e_phoff)
        return image_error(Errc::image_truncated, file.size(), "the file ends within the program headers");
    return header;
}

Result<Load> check_load(std::span<const std::byte> file, const Elf64_Phdr &program_header, std::uint64_t at) {
    const Elf64_Phdr &ph = program_header;
    if (ph.p_filesz > ph.p_memsz)
        return image_error(Errc::image_format, at, "segment of more bytes in the file than in memory");
    if (ph.p_offset > file.size() || ph.p_filesz > file.size() - ph.p_offset)
        return image_error(Errc::image_truncated, at, "segment ends behind the file");
    const std::optional<Range> memory = Range::checked(ph.p_paddr, ph.p_memsz);
    if (!memory || !Range::checked(ph.p_vaddr, ph.p_memsz))
        return image_error(Errc::image_format, at, "segment ends behind the last address");
    if (ph.p_align > 1 && !std::has_single_bit(ph.p_align))
        return image_error(Errc::image_format, at, "p_align " + hex(ph.p_align) + " is not a power of two");
    return Load{.memory = *memory, .vaddr = ph.p_vaddr, .bytes = file.subspan(ph.p_offset, ph.p_filesz)};
}

// vmlinux gives its entry as a physical address, most others as a virtual one.
std::optional<PhysAddr> find_entry(const std::vector<Load> &loads, std::uint64_t e_entry) {
    for (const Load &load : loads)
        if (const std::optional<PhysAddr> entry = load.at_virtual(e_entry))
            return entry;
    for (const Load &load : loads)
        if (load.holds_code_at(PhysAddr{e_entry}))
            return PhysAddr{e_entry};
    return std::nullopt;
}

}  // namespace

bool is_elf(std::span<const std::byte> file) {
    return file.size() >= SELFMAG && std::memcmp(file.data(), ELFMAG, SELFMAG) == 0;
}

Result<BootImage> parse_elf_kernel(std::span<const std::byte> file) {
    const Result<Elf64_Ehdr> header = read_header(file);
    if (!header)
        return header.error();

    BootImage image;
    std::vector<Load> loads;
    for (std::uint64_t i = 0; i < header.value().e_phnum; i++) {
        const std::uint64_t at = header.value().e_phoff + i * sizeof(Elf64_Phdr);
        const auto program_header = present_field<Elf64_Phdr>(file, at);
        if (program_header.p_type != PT_LOAD || program_header.p_memsz == 0)
            continue;
        const Result<Load> load = check_load(file, program_header, at);
        if (!load)
            return load.error();
        loads.push_back(load.value());
        image.alignment = std::max(image.alignment, std::uint64_t{program_header.p_align});
    }
    if (loads.empty())
        return image_error(Errc::image_format, header.value().e_phoff, "no segment is to be loaded");
    std::sort(loads.begin(), loads.end(),
              [](const Load &a, const Load &b) { return a.memory.start < b.memory.start; });
    for (std::size_t i = 1; i < loads.size(); i++)
        if (loads[i].memory.overlaps(loads[i - 1].memory))
            return image_error(Errc::image_format, header.value().e_phoff,
                               "two segments at " + hex(value(loads[i].memory.start)));
    const std::optional<PhysAddr> entry = find_entry(loads, header.value().e_entry);
    if (!entry)
        return image_error(Errc::image_no_64bit_entry, offsetof(Elf64_Ehdr, e_entry),
                           "no segment holds the entry " + hex(header.value().e_entry));

    image.relocatable = header.value().e_type == ET_DYN;
    // Entered in 64-bit mode, position-independent code has no reason to stay below 4 GiB.
    image.above_4g = image.relocatable;
    if (!image.relocatable)
        image.alignment = page_size;
    // Aligned down, so that all of it keeps its alignment wherever the base goes.
    image.preferred = PhysAddr{align_down(value(loads.front().memory.start), image.alignment)};
    image.size = loads.back().memory.end() - image.preferred;
    image.entry_offset = *entry - image.preferred;
    for (const Load &load : loads)
        image.segments.push_back({.offset = load.memory.start - image.preferred,
                                  .bytes = load.bytes,
                                  .memory_size = load.memory.size});
    return image;
}

}  // namespace kho
