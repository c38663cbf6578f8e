// SPDX-License-Identifier: GPL-2.0-or-later
// The file: ELF header, program headers (the notes, then one for each run of memory), section header 0 if the
// program headers are too many to be counted in the ELF header, notes, memory.
#include <elf.h>

#include <cassert>
#include <limits>

#include "fdt/base/internal/text.h"
#include "fdt/file/elf_core.h"
#include "fdt/file/internal/atomic_file.h"
#include "fdt/file/internal/elf_header.h"

namespace kho {
namespace {

constexpr std::uint64_t note_alignment = 4;

void append(std::vector<std::byte> &to, std::span<const std::byte> bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
    to.resize(align_up(to.size(), note_alignment));
}

void append_note(std::vector<std::byte> &notes, std::uint32_t type, std::span<const std::byte> content) {
    assert(content.size() <= std::numeric_limits<std::uint32_t>::max());
    const Elf64_Nhdr header{.n_namesz = sizeof core_note_owner,
                            .n_descsz = static_cast<std::uint32_t>(content.size()),
                            .n_type = type};
    append(notes, bytes_of(header));
    append(notes, std::as_bytes(std::span(core_note_owner)));
    append(notes, content);
}

std::vector<std::byte> make_notes(const CoreHeader &header) {
    std::vector<std::byte> notes;
    append_note(notes, core_note_kho_data, bytes_of(header.data));
    append_note(notes, core_note_memory_map, std::as_bytes(std::span(header.memory_map)));
    append_note(notes, core_note_release, std::as_bytes(std::span(header.release)));
    return notes;
}

// Where each part goes in the file.
struct Layout {
    std::uint64_t program_headers = 0;  // how many
    bool extended = false;              // their number is in section header 0
    std::uint64_t section_header_at = 0;
    std::uint64_t notes_at = 0;
    std::uint64_t notes_size = 0;
    std::uint64_t notes_end = 0;

    Layout(std::uint64_t runs, std::uint64_t notes)
        : program_headers(1 + runs), extended(program_headers >= PN_XNUM), notes_size(notes) {
        section_header_at = sizeof(Elf64_Ehdr) + program_headers * sizeof(Elf64_Phdr);
        notes_at = section_header_at + (extended ? sizeof(Elf64_Shdr) : 0);
        notes_end = notes_at + notes_size;
    }
};

// The next offset for a run. Offsets are congruent to addresses modulo a page, so that debuggers can map the
// file.
std::uint64_t offset_for(const Range &run, std::uint64_t at_least) {
    return at_least + (value(run.start) - at_least) % page_size;
}

Elf64_Ehdr elf_header_of(const Layout &layout) {
    Elf64_Ehdr header = make_elf_header(ET_CORE);
    header.e_phnum = layout.extended ? PN_XNUM : static_cast<Elf64_Half>(layout.program_headers);
    if (layout.extended) {
        header.e_shoff = layout.section_header_at;
        header.e_shentsize = sizeof(Elf64_Shdr);
        header.e_shnum = 1;
    }
    return header;
}

Outcome write_headers(AtomicFile &file, const Layout &layout, const RangeSet &memory) {
    const Elf64_Ehdr elf_header = elf_header_of(layout);
    if (Outcome outcome = file.write(bytes_of(elf_header)); !outcome)
        return outcome;
    const Elf64_Phdr notes{.p_type = PT_NOTE,
                           .p_flags = 0,
                           .p_offset = layout.notes_at,
                           .p_vaddr = 0,
                           .p_paddr = 0,
                           .p_filesz = layout.notes_size,
                           .p_memsz = 0,
                           .p_align = note_alignment};
    if (Outcome outcome = file.write(bytes_of(notes)); !outcome)
        return outcome;
    std::uint64_t at = layout.notes_end;
    for (const Range &run : memory.ranges()) {
        at = offset_for(run, at);
        // The virtual address is the physical one: debuggers look memory up by it.
        const Elf64_Phdr load{.p_type = PT_LOAD,
                              .p_flags = PF_R | PF_W,
                              .p_offset = at,
                              .p_vaddr = value(run.start),
                              .p_paddr = value(run.start),
                              .p_filesz = run.size,
                              .p_memsz = run.size,
                              .p_align = page_size};
        if (Outcome outcome = file.write(bytes_of(load)); !outcome)
            return outcome;
        at += run.size;
    }
    if (!layout.extended)
        return success();
    Elf64_Shdr section{};
    section.sh_info = static_cast<Elf64_Word>(layout.program_headers);
    return file.write(bytes_of(section));
}

Outcome write_run(AtomicFile &file, const Range &run, const CoreSource &source) {
    if (Outcome outcome = file.zeros(offset_for(run, file.size()) - file.size()); !outcome)
        return outcome;
    std::uint64_t missing = run.size;
    Outcome outcome = source(run, [&](std::span<const std::byte> bytes) -> Outcome {
        assert(bytes.size() <= missing);
        missing -= bytes.size();
        return file.write(bytes);
    });
    if (outcome && missing != 0)
        return Error{.code = Errc::outside_memory,
                     .address = value(run.end() - missing),
                     .what = hex(missing) + " bytes of the run at " + hex(value(run.start)) + " are missing"};
    return outcome;
}

}  // namespace

Result<std::uint64_t> write_core(const std::string &path, const CoreHeader &header, const RangeSet &memory,
                                 const CoreSource &source) {
    Result<AtomicFile> created = AtomicFile::create(path);
    if (!created)
        return created.error();
    AtomicFile &file = created.value();
    const std::vector<std::byte> notes = make_notes(header);
    const Layout layout(memory.ranges().size(), notes.size());
    if (Outcome outcome = write_headers(file, layout, memory); !outcome)
        return outcome.error();
    if (Outcome outcome = file.write(notes); !outcome)
        return outcome.error();
    for (const Range &run : memory.ranges())
        if (Outcome outcome = write_run(file, run, source); !outcome)
            return outcome.error();
    if (Outcome outcome = file.commit(); !outcome)
        return outcome.error();
    return file.size();
}

Result<std::uint64_t> write_recording(const std::string &path, const CoreHeader &header,
                                      const RangeSet &ranges, const Memory &memory) {
    return write_core(path, header, ranges,
                      [&memory](Range range, const auto &sink) { return copy_memory(memory, range, sink); });
}

}  // namespace kho
