// SPDX-License-Identifier: GPL-2.0-or-later
// Writing a baked file: ELF header, program headers, the note with the entry, segments, and at the end the
// loader, since its table has the sums of what comes before.
#include "fdt/boot/internal/bake_file.h"

#include <elf.h>

#include <algorithm>
#include <cassert>
#include <cstring>

#include "fdt/abi/bake.h"
#include "fdt/file/internal/atomic_file.h"
#include "fdt/file/internal/elf_header.h"

namespace kho {
namespace {

// QEMU looks for Multiboot's magic number in the first 8 KiB: only our bytes are there.
constexpr std::uint64_t first_data = 8192;

// The entry of PVH, XEN_ELFNOTE_PHYS32_ENTRY. (Xen's public/elfnote.h)
struct EntryNote {
    std::uint32_t name_size = 4;
    std::uint32_t size = 8;
    std::uint32_t type = 18;
    char name[4] = {'X', 'e', 'n', '\0'};
    std::uint64_t entry = 0;
};
static_assert(sizeof(EntryNote) == 24);

std::uint64_t file_size_of(const BakePlan::Segment &segment) {
    std::uint64_t size = 0;
    for (const BakePlan::Part &part : segment.parts) size = align_up(size, page_size) + part.size;
    return size;
}

std::vector<Elf64_Phdr> program_headers(const BakePlan &plan) {
    std::vector<Elf64_Phdr> headers;
    const std::uint64_t count = plan.segments.size() + 2;
    const std::uint64_t note = sizeof(Elf64_Ehdr) + count * sizeof(Elf64_Phdr);
    headers.push_back({.p_type = PT_NOTE,
                       .p_flags = PF_R,
                       .p_offset = note,
                       .p_vaddr = 0,
                       .p_paddr = 0,
                       .p_filesz = sizeof(EntryNote),
                       .p_memsz = sizeof(EntryNote),
                       .p_align = 4});
    std::uint64_t offset = align_up(std::max(first_data, note + sizeof(EntryNote)), page_size);
    const auto add = [&](const Range &memory, std::uint64_t size) {
        headers.push_back({.p_type = PT_LOAD,
                           .p_flags = PF_R | PF_W | PF_X,
                           .p_offset = offset,
                           .p_vaddr = value(memory.start),
                           .p_paddr = value(memory.start),
                           .p_filesz = size,
                           .p_memsz = memory.size,
                           .p_align = 1});
        offset = align_up(offset + size, page_size);
    };
    for (const BakePlan::Segment &segment : plan.segments) add(segment.memory, file_size_of(segment));
    add(plan.loader, plan.loader_bytes.size());
    return headers;
}

class Sum {
public:
    void add(std::span<const std::byte> bytes) {
        for (; bytes.size() >= sizeof(std::uint64_t); bytes = bytes.subspan(sizeof(std::uint64_t)))
            add_word(bytes.first(sizeof(std::uint64_t)));
        if (!bytes.empty())
            add_word(bytes);
    }
    std::uint64_t value() const { return sum_; }

private:
    void add_word(std::span<const std::byte> bytes) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), bytes.size());
        sum_ = abi::bake_sum(sum_, word);
    }
    std::uint64_t sum_ = 0;
};

Result<std::uint64_t> write_part(AtomicFile &file, const BakePlan::Part &part, const Memory &memory) {
    Sum sum;
    const auto write = [&](std::span<const std::byte> bytes) {
        sum.add(bytes);
        return file.write(bytes);
    };
    if (Outcome outcome = part.bytes.empty() ? copy_memory(memory, {part.to, part.size}, write)
                                             : write(part.bytes.first(part.size));
        !outcome)
        return outcome.error();
    return sum.value();
}

Outcome write_header(AtomicFile &file, const BakePlan &plan, std::vector<Elf64_Phdr> headers) {
    assert(headers.size() < PN_XNUM);
    Elf64_Ehdr header = make_elf_header(ET_EXEC);
    header.e_entry = value(plan.loader.start);
    header.e_phnum = static_cast<Elf64_Half>(headers.size());
    header.e_shentsize = sizeof(Elf64_Shdr);
    // By address in the table, by what depends on what in the file.
    std::ranges::sort(headers.begin() + 1, headers.end(), {}, &Elf64_Phdr::p_paddr);
    EntryNote note;
    note.entry = value(plan.loader.start);
    if (Outcome outcome = file.write(bytes_of(header)); !outcome)
        return outcome;
    if (Outcome outcome = file.write(std::as_bytes(std::span(headers))); !outcome)
        return outcome;
    return file.write(bytes_of(note));
}

}  // namespace

Result<std::uint64_t> write_bake(const std::string &path, BakePlan plan, const Memory &memory) {
    Result<AtomicFile> created = AtomicFile::create(path);
    if (!created)
        return created.error();
    AtomicFile &file = created.value();
    const std::vector<Elf64_Phdr> headers = program_headers(plan);
    if (Outcome outcome = write_header(file, plan, headers); !outcome)
        return outcome.error();

    std::uint64_t sum_at = plan.sums + offsetof(abi::bake_part, sum);
    for (std::size_t i = 0; i < plan.segments.size(); i++) {
        std::uint64_t offset = headers[i + 1].p_offset;
        for (const BakePlan::Part &part : plan.segments[i].parts) {
            if (Outcome outcome = file.zeros(offset - file.size()); !outcome)
                return outcome.error();
            const Result<std::uint64_t> sum = write_part(file, part, memory);
            if (!sum)
                return sum.error();
            std::memcpy(plan.loader_bytes.data() + sum_at, &sum.value(), sizeof sum.value());
            sum_at += sizeof(abi::bake_part);
            offset = align_up(offset + part.size, page_size);
        }
    }
    if (Outcome outcome = file.zeros(headers.back().p_offset - file.size()); !outcome)
        return outcome.error();
    if (Outcome outcome = file.write(plan.loader_bytes); !outcome)
        return outcome.error();
    const std::uint64_t size = file.size();
    if (Outcome outcome = file.commit(); !outcome)
        return outcome.error();
    return size;
}

}  // namespace kho
