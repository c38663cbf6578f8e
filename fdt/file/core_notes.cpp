// SPDX-License-Identifier: GPL-2.0-or-later
// All lengths in notes may be lies.
#include "fdt/file/internal/core_notes.h"

#include <elf.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "fdt/base/internal/text.h"

namespace kho {
namespace {

bool owned_by(Bytes name, std::string_view owner) {
    // The terminating NUL belongs to the name.
    return name.size() == owner.size() + 1 && name.back() == std::byte{0} &&
           std::ranges::equal(name.first(owner.size()), std::as_bytes(std::span(owner)));
}

}  // namespace

Error core_error(std::uint64_t offset, std::string what) {
    return {.code = Errc::core_format, .address = offset, .what = std::move(what)};
}

std::string os_release(Bytes vmcoreinfo) {
    constexpr std::string_view key = "OSRELEASE=";
    constexpr std::size_t longest = 64;  // of a release name in struct new_utsname
    const std::string_view text(reinterpret_cast<const char *>(vmcoreinfo.data()), vmcoreinfo.size());
    std::size_t at = text.find(key);
    while (at != std::string_view::npos && at > 0 && text[at - 1] != '\n') at = text.find(key, at + 1);
    if (at == std::string_view::npos)
        return {};
    const std::string_view rest = text.substr(at + key.size(), longest + 1);
    const std::string_view release = rest.substr(0, rest.find('\n'));
    if (release.size() > longest || !std::ranges::all_of(release, [](char c) { return c > ' ' && c <= '~'; }))
        return {};
    return std::string(release);
}

Outcome CoreNoteReader::read(Bytes notes, std::uint64_t offset) {
    for (std::uint64_t at = 0; at < notes.size();) {
        const std::uint64_t note_at = offset + at;
        const std::optional<Elf64_Nhdr> header = field<Elf64_Nhdr>(notes, at);
        if (!header)
            return core_error(note_at, "a note's header goes beyond the notes");
        // 32-bit lengths: the sums cannot wrap.
        const std::uint64_t name_at = at + sizeof *header;
        const std::uint64_t content_at = name_at + align_up(header->n_namesz, 4);
        const std::optional<Bytes> name = slice(notes, name_at, header->n_namesz);
        const std::optional<Bytes> content = slice(notes, content_at, header->n_descsz);
        if (!name || !content)
            return core_error(note_at, "a note goes beyond the notes");
        if (owned_by(*name, core_note_owner)) {
            notes_.recording = true;
            if (Outcome outcome = take(header->n_type, *content, note_at); !outcome)
                return outcome;
        } else if (owned_by(*name, "CORE") && header->n_type == NT_PRSTATUS) {
            notes_.cpus++;
        } else if (owned_by(*name, "QEMU")) {
            notes_.qemu = true;
        } else if (owned_by(*name, "VMCOREINFO")) {
            notes_.kernel_release = os_release(*content);
        }
        at = content_at + align_up(header->n_descsz, 4);
    }
    return success();
}

Outcome CoreNoteReader::take(std::uint32_t type, Bytes content, std::uint64_t at) {
    // A later version may know more types.
    if (type < core_note_kho_data || type > core_note_release)
        return success();
    if (std::exchange(seen_[type - core_note_kho_data], true))
        return core_error(at, "two notes of type " + hex(type));
    const auto wrong_size = [&] {
        return core_error(at,
                          "a note of type " + hex(type) + " of " + std::to_string(content.size()) + " bytes");
    };
    CoreHeader &header = notes_.header;
    switch (type) {
        case core_note_kho_data:
            if (content.size() != sizeof header.data)
                return wrong_size();
            std::memcpy(&header.data, content.data(), sizeof header.data);
            break;
        case core_note_memory_map:
            if (content.size() % sizeof(CoreMemoryRange) != 0)
                return wrong_size();
            header.memory_map.resize(content.size() / sizeof(CoreMemoryRange));
            std::ranges::copy(content, std::as_writable_bytes(std::span(header.memory_map)).begin());
            break;
        default:
            header.release.resize(content.size());
            std::ranges::copy(content, std::as_writable_bytes(std::span(header.release)).begin());
            break;
    }
    return success();
}

Result<CoreNotes> CoreNoteReader::finish(bool needed) {
    if (needed && !seen_[0])
        return core_error(0, "no note says where the handover begins");
    return std::move(notes_);
}

}  // namespace kho
