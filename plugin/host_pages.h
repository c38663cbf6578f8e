// SPDX-License-Identifier: GPL-2.0-or-later
// Which memory of this process was ever touched, by page tables and by files' holes.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace qemu {

struct HostRun {
    std::uint64_t offset;  // from the start of what was asked for, bytes
    std::uint64_t size;
};

// Opens /proc/self/pagemap, for as long as the process lives: later it may have lost the right to, or the
// sight of /proc. False if it cannot be used; all memory counts as touched then.
bool open_pagemap();

// Appends the runs of private anonymous `memory` that are resident or swapped out, in ascending order. The
// rest reads as zero. (Documentation/admin-guide/mm/pagemap.rst)
void find_touched(std::span<const std::byte> memory, std::vector<HostRun> &runs);

// The same for `size` bytes of a file from `start`: what is not a hole. A file system that does not know its
// holes says that there are none. (lseek(2), SEEK_DATA)
void find_data(int file, std::uint64_t start, std::uint64_t size, std::vector<HostRun> &runs);

}  // namespace qemu
