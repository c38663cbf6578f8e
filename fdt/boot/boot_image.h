// SPDX-License-Identifier: GPL-2.0-or-later
// Kernel files for x86_64: bzImage and ELF64. (Linux/x86 boot protocol, section "THE REAL-MODE KERNEL HEADER".)
#pragma once

#include <span>
#include <vector>

#include "fdt/base/error.h"
#include "fdt/base/ranges.h"

namespace kho {

// A parsed kernel file. Its spans point into the caller's file bytes, which must outlive it.
struct BootImage {
    struct Segment {
        std::uint64_t offset;  // from the image's first byte in memory
        std::span<const std::byte> bytes;
        std::uint64_t memory_size;  // >= bytes.size(); the rest is zeroed
    };
    bool relocatable = false;  // else it goes exactly to `preferred`
    bool above_4g = false;     // may lie above 4 GiB
    PhysAddr preferred{};
    std::uint64_t alignment = page_size;
    std::uint64_t size = 0;          // of memory needed from its first byte on (init_size for a bzImage)
    std::uint64_t entry_offset = 0;  // of the 64-bit entry
    std::uint64_t max_command_line = 2047;  // without the NUL
    std::vector<Segment> segments;
    std::span<const std::byte> setup_header;  // bytes from 0x1f1 on of a bzImage; empty for an ELF
};

// Errors: image_format (neither bzImage nor x86_64 ELF64 executable), image_truncated, image_protocol
// (older than 2.12, which introduced xloadflags), image_no_64bit_entry.
Result<BootImage> parse_kernel(std::span<const std::byte> file);

}  // namespace kho
