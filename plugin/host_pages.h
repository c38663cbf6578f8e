// SPDX-License-Identifier: GPL-2.0-or-later
// Which pages of a private mapping of this process have ever been written to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace qemu {

struct HostRun {
    std::uint64_t offset;  // from the start of the memory asked for, bytes
    std::uint64_t size;
};

// Appends the runs of `memory` that are resident or swapped out, in ascending order. The rest was never
// touched and reads as zero (for file-backed memory: as the file). Where the kernel does not tell, all of it
// counts as touched. (Documentation/admin-guide/mm/pagemap.rst)
void find_touched(std::span<const std::byte> memory, std::vector<HostRun> &runs);

}  // namespace qemu
