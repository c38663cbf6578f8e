// SPDX-License-Identifier: GPL-2.0-or-later
// What a program reads out of a memfd after the handover.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "fdt/base/memory.h"
#include "fdt/model/handover.h"

namespace kho {

// `size` bytes of the file from `offset` on lie at `address`.
struct FileExtent {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    PhysAddr address{};
    bool operator==(const FileExtent &) const = default;
};

// Where a file's bytes lie: ascending, disjoint, within its size; neighbours in the file that are neighbours
// in memory are joined. What lies between reads as zeroes: holes, and folios that are not uptodate, which
// were allocated but never written (mm/shmem.c gives zeroes for them). Of folios that overlap, which no
// kernel writes, the one that begins first counts, as far as it reaches.
std::vector<FileExtent> file_extents(const Memfd &memfd);

// Where the bytes of a file go, front to back. An error is passed on.
struct FileSink {
    std::function<Outcome(std::span<const std::byte>)> bytes;
    std::function<Outcome(std::uint64_t count)> zeroes;
};

// All of [0, memfd.size), holes by one call each. Errors: those of Memory::read, whose sentence names the
// place in the file too; the sink's.
Outcome copy_file(const Memory &memory, const Memfd &memfd, const FileSink &sink);

// `range` of memory, in pieces. Errors: those of Memory::read and of `sink`.
Outcome copy_memory(const Memory &memory, Range range,
                    const std::function<Outcome(std::span<const std::byte>)> &sink);

}  // namespace kho
