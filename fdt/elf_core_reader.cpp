// SPDX-License-Identifier: GPL-2.0-or-later
// Opening a recording. All numbers in the file may be lies: each is checked against the file before use,
// and only through field().
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "fdt/atomic_file.h"
#include "fdt/elf_core.h"
#include "fdt/text.h"

namespace kho {
namespace {

using Bytes = std::span<const std::byte>;

Error format_error(std::uint64_t offset, std::string what) {
    return {.code = Errc::core_format, .address = offset, .what = std::move(what)};
}

// Nothing unless the whole slice is in the file.
std::optional<Bytes> slice(Bytes file, std::uint64_t offset, std::uint64_t size) {
    if (offset > file.size() || size > file.size() - offset)
        return std::nullopt;
    return file.subspan(offset, size);
}

template <typename T>
std::optional<T> field(Bytes file, std::uint64_t offset) {
    const std::optional<Bytes> bytes = slice(file, offset, sizeof(T));
    if (!bytes)
        return std::nullopt;
    T value;
    std::memcpy(&value, bytes->data(), sizeof value);
    return value;
}

Result<Bytes> map_file(const std::string &path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return io_error(errno, path);
    struct stat status {};
    void *address = MAP_FAILED;
    int cause = EINVAL;
    if (::fstat(descriptor, &status) != 0)
        cause = errno;
    else if (S_ISREG(status.st_mode) && status.st_size > 0) {
        address =
            ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0);
        cause = errno;
    }
    ::close(descriptor);
    if (address != MAP_FAILED)
        return Bytes(static_cast<const std::byte *>(address), static_cast<std::size_t>(status.st_size));
    if (S_ISREG(status.st_mode) && status.st_size == 0)
        return format_error(0, "the file is empty");
    return io_error(cause, path);
}

struct ProgramHeaders {
    std::uint64_t at;
    std::uint64_t count;
};

Result<ProgramHeaders> find_program_headers(Bytes file) {
    const std::optional<Elf64_Ehdr> header = field<Elf64_Ehdr>(file, 0);
    if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return format_error(0, "not an ELF file");
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
        header->e_type != ET_CORE || header->e_machine != EM_X86_64)
        return format_error(0, "not an ELF64 core file for x86_64");
    if (header->e_phentsize != sizeof(Elf64_Phdr))
        return format_error(
            offsetof(Elf64_Ehdr, e_phentsize),
            "program headers of " + std::to_string(header->e_phentsize) + " bytes, expected 56");
    std::uint64_t count = header->e_phnum;
    if (count == PN_XNUM) {
        const std::optional<Elf64_Shdr> section = field<Elf64_Shdr>(file, header->e_shoff);
        if (!section || header->e_shoff == 0)
            return format_error(offsetof(Elf64_Ehdr, e_shoff),
                                "no section header with the number of program headers");
        count = section->sh_info;
    }
    if (!slice(file, header->e_phoff, count * sizeof(Elf64_Phdr)))
        return format_error(offsetof(Elf64_Ehdr, e_phnum),
                            std::to_string(count) + " program headers go beyond the file's end");
    return ProgramHeaders{header->e_phoff, count};
}

// Collects the notes of our owner; a type may come once.
class NoteReader {
public:
    explicit NoteReader(Bytes file) : file_(file) {}

    Outcome read(const Elf64_Phdr &segment, std::uint64_t segment_at);
    Result<CoreHeader> finish();

private:
    Outcome take(std::uint32_t type, Bytes content, std::uint64_t at);

    Bytes file_;
    CoreHeader header_;
    std::set<std::uint32_t> seen_;  // known types
};

Outcome NoteReader::read(const Elf64_Phdr &segment, std::uint64_t segment_at) {
    constexpr std::string_view owner(core_note_owner, sizeof core_note_owner);
    const std::optional<Bytes> found = slice(file_, segment.p_offset, segment.p_filesz);
    if (!found)
        return format_error(segment_at, "the notes go beyond the file's end");
    const Bytes notes = *found;
    for (std::uint64_t at = 0; at < notes.size();) {
        const std::uint64_t note_at = segment.p_offset + at;
        const std::optional<Elf64_Nhdr> header = field<Elf64_Nhdr>(notes, at);
        if (!header)
            return format_error(note_at, "a note's header goes beyond the notes");
        // 32-bit lengths: the sums cannot wrap.
        const std::uint64_t name_at = at + sizeof *header;
        const std::uint64_t content_at = name_at + align_up(header->n_namesz, 4);
        const std::optional<Bytes> name = slice(notes, name_at, header->n_namesz);
        const std::optional<Bytes> content = slice(notes, content_at, header->n_descsz);
        if (!name || !content)
            return format_error(note_at, "a note goes beyond the notes");
        if (std::ranges::equal(*name, std::as_bytes(std::span(owner))))
            if (Outcome outcome = take(header->n_type, *content, note_at); !outcome)
                return outcome;
        at = content_at + align_up(header->n_descsz, 4);
    }
    return success();
}

Outcome NoteReader::take(std::uint32_t type, Bytes content, std::uint64_t at) {
    // A later version may know more types.
    if (type < core_note_kho_data || type > core_note_release)
        return success();
    if (!seen_.insert(type).second)
        return format_error(at, "two notes of type " + hex(type));
    const auto wrong_size = [&] {
        return format_error(at, "a note of type " + hex(type) + " of " +
                                    std::to_string(content.size()) + " bytes");
    };
    switch (type) {
        case core_note_kho_data:
            if (content.size() != sizeof header_.data)
                return wrong_size();
            std::memcpy(&header_.data, content.data(), sizeof header_.data);
            break;
        case core_note_memory_map:
            if (content.size() % sizeof(CoreMemoryRange) != 0)
                return wrong_size();
            header_.memory_map.resize(content.size() / sizeof(CoreMemoryRange));
            std::ranges::copy(content, std::as_writable_bytes(std::span(header_.memory_map)).begin());
            break;
        default:
            header_.release.resize(content.size());
            std::ranges::copy(content, std::as_writable_bytes(std::span(header_.release)).begin());
            break;
    }
    return success();
}

Result<CoreHeader> NoteReader::finish() {
    if (!seen_.contains(core_note_kho_data))
        return format_error(0, "no note says where the handover begins");
    return std::move(header_);
}

}  // namespace

Result<ElfCore> ElfCore::open(const std::string &path) {
    const Result<Bytes> mapped = map_file(path);
    if (!mapped)
        return mapped.error();
    ElfCore core;
    core.file_ = mapped.value();
    const Result<ProgramHeaders> headers = find_program_headers(core.file_);
    if (!headers)
        return headers.error();

    NoteReader notes(core.file_);
    std::vector<Range> runs;
    for (std::uint64_t i = 0; i < headers.value().count; i++) {
        const std::uint64_t at = headers.value().at + i * sizeof(Elf64_Phdr);
        const Elf64_Phdr segment = *field<Elf64_Phdr>(core.file_, at);
        if (segment.p_type == PT_NOTE) {
            if (Outcome outcome = notes.read(segment, at); !outcome)
                return outcome.error();
            continue;
        }
        if (segment.p_type != PT_LOAD || segment.p_memsz == 0)
            continue;
        const std::optional<Range> range = Range::checked(segment.p_paddr, segment.p_memsz);
        if (!range)
            return format_error(at, "a segment ends behind the last address");
        if (segment.p_filesz > segment.p_memsz)
            return format_error(at, "a segment has more bytes in the file than in memory");
        if (!slice(core.file_, segment.p_offset, segment.p_filesz))
            return format_error(at, "a segment goes beyond the file's end");
        core.segments_.push_back(
            {.range = *range, .file_offset = segment.p_offset, .file_size = segment.p_filesz});
        runs.push_back(*range);
    }
    std::ranges::sort(core.segments_,
                      [](const Segment &a, const Segment &b) { return a.range.start < b.range.start; });
    for (std::size_t i = 1; i < core.segments_.size(); i++)
        if (core.segments_[i].range.overlaps(core.segments_[i - 1].range))
            return format_error(core.segments_[i].file_offset,
                                "two segments at " + hex(value(core.segments_[i].range.start)));
    Result<CoreHeader> header = notes.finish();
    if (!header)
        return header.error();
    core.header_ = std::move(header).value();
    core.memory_ = RangeSet(std::move(runs));
    return core;
}

Outcome ElfCore::read(PhysAddr from, std::span<std::byte> out) const {
    auto segment = std::ranges::partition_point(
        segments_, [from](const Segment &candidate) { return candidate.range.end() <= from; });
    // Neighbouring segments are one piece of memory to the reader.
    for (; !out.empty(); ++segment) {
        if (segment == segments_.end() || from < segment->range.start)
            return Error{.code = Errc::outside_memory,
                         .address = value(from),
                         .what = "not in the recording, " + hex(out.size()) + " bytes wanted"};
        const std::uint64_t skip = from - segment->range.start;
        const std::uint64_t here = std::min<std::uint64_t>(out.size(), segment->range.size - skip);
        const std::uint64_t in_file =
            skip < segment->file_size ? std::min(here, segment->file_size - skip) : 0;
        if (in_file > 0)
            std::memcpy(out.data(), file_.data() + segment->file_offset + skip, in_file);
        std::ranges::fill(out.subspan(in_file, here - in_file), std::byte{0});
        out = out.subspan(here);
        from = from + here;
    }
    return success();
}

ElfCore::ElfCore(ElfCore &&other) noexcept
    : header_(std::move(other.header_)),
      memory_(std::move(other.memory_)),
      segments_(std::move(other.segments_)),
      file_(std::exchange(other.file_, {})) {}

ElfCore &ElfCore::operator=(ElfCore &&other) noexcept {
    // The other one's destructor unmaps what was ours.
    std::swap(header_, other.header_);
    std::swap(memory_, other.memory_);
    std::swap(segments_, other.segments_);
    std::swap(file_, other.file_);
    return *this;
}

ElfCore::~ElfCore() {
    if (!file_.empty())
        ::munmap(const_cast<std::byte *>(file_.data()), file_.size());
}

}  // namespace kho
