// SPDX-License-Identifier: GPL-2.0-or-later
// Starting a kernel as kexec does on x86_64: reading bzImage and ELF64 files, choosing places in scratch
// memory, and making boot_params with the KHO setup_data. (Linux/x86 boot protocol, sections "THE
// REAL-MODE KERNEL HEADER" and "64-bit BOOT PROTOCOL".)
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "fdt/abi/kho.h"
#include "fdt/abi/x86_boot.h"
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

struct BootRequest {
    const BootImage *kernel = nullptr;
    std::span<const std::byte> initrd;
    std::string_view command_line;
    std::span<const abi::e820_entry> memory_map;  // at most 128
    abi::kho_data handover{};
    std::uint64_t acpi_rsdp = 0;
    const RangeSet *scratch = nullptr;  // where things may be placed
};

// Bytes to put into guest memory; what exceeds `bytes` up to `memory_size` is zeroed.
struct Placement {
    PhysAddr address{};
    std::vector<std::byte> owned;         // small things made here
    std::span<const std::byte> borrowed;  // or a part of the kernel or initrd file
    std::uint64_t memory_size = 0;

    std::span<const std::byte> bytes() const {
        return owned.empty() ? borrowed : std::span<const std::byte>(owned);
    }
};

struct BootPlan {
    PhysAddr entry{};
    PhysAddr boot_params{};
    std::vector<Placement> placements;  // disjoint, all within scratch
};

// Errors: image_too_large, initrd_too_large, command_line_too_long.
Result<BootPlan> plan_boot(const BootRequest &request);

}  // namespace kho
