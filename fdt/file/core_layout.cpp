// SPDX-License-Identifier: GPL-2.0-or-later
// Program headers of a core file. All numbers in the file may be lies: each is checked against the file
// before use, and only through field().
#include "fdt/file/internal/core_layout.h"

#include <elf.h>

#include <algorithm>
#include <utility>

#include "fdt/base/internal/text.h"

namespace kho {
namespace {

// More than the runs of a fragmented terabyte. A sparse file could claim 2^32 for nothing.
constexpr std::uint64_t max_program_headers = std::uint64_t{1} << 24;

struct ProgramHeaders {
    std::uint64_t at;
    std::uint64_t count;
    std::uint16_t machine;
};

// With CoreRules::dump the guest may have been caught in 32-bit code, or be arm64.
bool machine_accepted(std::uint16_t machine, CoreRules rules) {
    return machine == EM_X86_64 || (rules == CoreRules::dump && (machine == EM_386 || machine == EM_AARCH64));
}

Result<ProgramHeaders> find_program_headers(Bytes file, CoreRules rules) {
    if (file.empty())
        return core_error(0, "the file is empty");
    const std::optional<Bytes> ident = slice(file, 0, EI_NIDENT);
    if (!ident || std::memcmp(ident->data(), ELFMAG, SELFMAG) != 0)
        return core_error(0, "not an ELF file");
    if (std::to_integer<int>((*ident)[EI_CLASS]) == ELFCLASS32)
        return core_error(0,
                          "an ELF32 file: the guest's CPU was not in 64-bit mode, or it is a 32-bit guest");
    const std::optional<Elf64_Ehdr> header = field<Elf64_Ehdr>(file, 0);
    if (!header)
        return core_error(0, "the ELF header goes beyond the file's end");
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
        header->e_type != ET_CORE || !machine_accepted(header->e_machine, rules))
        return core_error(0, "not an ELF64 core file for x86_64 (type " + std::to_string(header->e_type) +
                                 ", machine " + std::to_string(header->e_machine) + ")");
    if (header->e_phentsize != sizeof(Elf64_Phdr))
        return core_error(
            offsetof(Elf64_Ehdr, e_phentsize),
            "program headers of " + std::to_string(header->e_phentsize) + " bytes, expected 56");
    std::uint64_t count = header->e_phnum;
    if (count == PN_XNUM) {
        const std::optional<Elf64_Shdr> section = field<Elf64_Shdr>(file, header->e_shoff);
        if (!section || header->e_shoff == 0)
            return core_error(offsetof(Elf64_Ehdr, e_shoff),
                              "no section header with the number of program headers");
        count = section->sh_info;
    }
    if (count > max_program_headers)
        return core_error(offsetof(Elf64_Ehdr, e_phnum),
                          std::to_string(count) + " program headers, at most " +
                              std::to_string(max_program_headers) + " are read");
    if (!slice(file, header->e_phoff, count * sizeof(Elf64_Phdr)))
        return core_error(offsetof(Elf64_Ehdr, e_phnum),
                          std::to_string(count) + " program headers go beyond the file's end");
    return ProgramHeaders{header->e_phoff, count, header->e_machine};
}

void sort(std::vector<MemorySegment> &segments) {
    // Of two at one address the one of the earlier header stays the first.
    std::ranges::stable_sort(segments, {}, [](const MemorySegment &segment) { return segment.range.start; });
}

Outcome refuse_overlaps(const std::vector<MemorySegment> &segments) {
    for (std::size_t i = 1; i < segments.size(); i++)
        if (segments[i].range.overlaps(segments[i - 1].range))
            return core_error(segments[i].file_offset,
                              "two segments at " + hex(value(segments[i].range.start)));
    return success();
}

// Leaves each address to one segment: one whose bytes are in the file rather than one that only says zeroes,
// and of
// those the lower one. Returns how many segments named another place in the file than an earlier one did.
std::uint64_t resolve_overlaps(std::vector<MemorySegment> &segments) {
    std::uint64_t contradicting = 0;
    std::vector<MemorySegment> kept;
    std::vector<Range> in_file, zeroes;
    kept.reserve(segments.size());
    for (MemorySegment segment : segments) {
        if (segment.file_size < segment.range.size)
            zeroes.push_back(
                {segment.range.start + segment.file_size, segment.range.size - segment.file_size});
        if (segment.file_size == 0)
            continue;
        segment.range.size = segment.file_size;
        if (!kept.empty() && segment.range.start < kept.back().range.end()) {
            const MemorySegment &before = kept.back();
            const std::uint64_t common =
                std::min(segment.range.size, before.range.end() - segment.range.start);
            // Differences modulo 2^64: `before` may have been moved behind this one's start.
            if (before.file_offset - value(before.range.start) !=
                segment.file_offset - value(segment.range.start))
                contradicting++;
            if (common == segment.range.size)
                continue;
            segment.range = {segment.range.start + common, segment.range.size - common};
            segment.file_offset += common;
            segment.file_size -= common;
        }
        kept.push_back(segment);
        in_file.push_back(segment.range);
    }
    const RangeSet elsewhere = RangeSet(std::move(zeroes)).minus(RangeSet(std::move(in_file)));
    for (const Range &range : elsewhere.ranges())
        kept.push_back({.range = range, .file_offset = 0, .file_size = 0});
    sort(kept);
    segments = std::move(kept);
    return contradicting;
}

class LayoutReader {
public:
    LayoutReader(Bytes file, CoreRules rules) : file_(file), rules_(rules) {}
    Result<CoreLayout> read();

private:
    Outcome take_notes(const Elf64_Phdr &segment, std::uint64_t at);
    Outcome take_memory(const Elf64_Phdr &segment, std::uint64_t at);

    Bytes file_;
    CoreRules rules_;
    CoreLayout layout_;
    CoreNoteReader notes_;
    std::uint64_t cut_off_ = 0;  // bytes that should be behind the file's end
};

Outcome LayoutReader::take_notes(const Elf64_Phdr &segment, std::uint64_t at) {
    const std::optional<Bytes> notes = slice(file_, segment.p_offset, segment.p_filesz);
    if (!notes)
        return core_error(at, "the notes go beyond the file's end");
    return notes_.read(*notes, segment.p_offset);
}

Outcome LayoutReader::take_memory(const Elf64_Phdr &segment, std::uint64_t at) {
    std::optional<Range> range = Range::checked(segment.p_paddr, segment.p_memsz);
    if (!range)
        return core_error(at, "a segment ends behind the last address");
    if (segment.p_filesz > segment.p_memsz)
        return core_error(at, "a segment has more bytes in the file than in memory");
    std::uint64_t in_file = segment.p_filesz;
    if (in_file > 0 && !slice(file_, segment.p_offset, in_file)) {
        if (rules_ == CoreRules::recording)
            return core_error(at, "a segment goes beyond the file's end");
        in_file = segment.p_offset < file_.size() ? file_.size() - segment.p_offset : 0;
        cut_off_ += std::min(segment.p_filesz - in_file, ~std::uint64_t{0} - cut_off_);
        range->size = in_file;
    }
    if (range->size > 0)
        layout_.segments.push_back(
            {.range = *range, .file_offset = in_file > 0 ? segment.p_offset : 0, .file_size = in_file});
    return success();
}

Result<CoreLayout> LayoutReader::read() {
    const Result<ProgramHeaders> headers = find_program_headers(file_, rules_);
    if (!headers)
        return headers.error();
    layout_.machine = headers.value().machine;
    for (std::uint64_t i = 0; i < headers.value().count; i++) {
        const std::uint64_t at = headers.value().at + i * sizeof(Elf64_Phdr);
        const Elf64_Phdr segment = *field<Elf64_Phdr>(file_, at);
        Outcome outcome = success();
        if (segment.p_type == PT_NOTE)
            outcome = take_notes(segment, at);
        else if (segment.p_type == PT_LOAD && segment.p_memsz != 0)
            outcome = take_memory(segment, at);
        if (!outcome)
            return outcome.error();
    }
    sort(layout_.segments);
    if (rules_ == CoreRules::recording) {
        if (Outcome outcome = refuse_overlaps(layout_.segments); !outcome)
            return outcome.error();
    } else {
        if (const std::uint64_t count = resolve_overlaps(layout_.segments); count != 0)
            layout_.warnings.push_back(
                std::to_string(count) +
                " segments hold memory that is in another one too; the first copy is read");
        if (cut_off_ != 0)
            layout_.warnings.push_back("the file ends at " + hex(file_.size()) + ", " + hex(cut_off_) +
                                       " bytes of memory are missing");
    }
    Result<CoreNotes> notes = notes_.finish(rules_ == CoreRules::recording);
    if (!notes)
        return notes.error();
    layout_.notes = std::move(notes).value();
    return std::move(layout_);
}

}  // namespace

Result<CoreLayout> read_core_layout(Bytes file, CoreRules rules) { return LayoutReader(file, rules).read(); }

}  // namespace kho
