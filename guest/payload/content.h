// SPDX-License-Identifier: GPL-2.0-or-later
// What the files hold, and whether they still do. Word i of a file is seed + i * step: cheap to make under
// emulation, different for every file, and wrong as soon as a page is swapped, poisoned or old. What lies
// behind the end in the last page is zero, as in a memfd.
#pragma once

#include <optional>

#include "guest/luo/handlers/memory_file.h"
#include "guest/payload/scenario.h"

namespace guest {

// Allocates the folios of `spec` and fills them. ENOMEM: nothing was taken.
Result<MemoryFile *> make_file(Pages &pages, MemoryFiles &files, const FileSpec &spec, std::uint64_t seed);

void fill_file(const Pages &pages, MemoryFile &file, const FileSpec &spec, std::uint64_t seed);

struct Mismatch {
    enum class What : std::uint8_t { size, position, missing, superfluous, content } what;
    std::uint64_t offset = 0;  // bytes, of the first wrong word
    std::uint64_t expected = 0;
    std::uint64_t found = 0;
    std::uint64_t address = 0;  // where that word is, 0: nowhere

    // The device's poison, in all of the word's bytes.
    bool poisoned() const { return found == 0xcccccccccccccccc; }
};

std::optional<Mismatch> verify_file(const Pages &pages, const MemoryFile &file, const FileSpec &spec,
                                    std::uint64_t seed);

// Bytes that the file really holds: its size less the holes.
std::uint64_t content_bytes(const MemoryFile &file);

}  // namespace guest
