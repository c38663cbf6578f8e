// SPDX-License-Identifier: GPL-2.0-or-later
// Starting a kernel as kexec does on x86_64: choosing places in scratch memory, and making boot_params with the KHO
// setup_data. (Linux/x86 boot protocol, section "64-bit BOOT PROTOCOL".)
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "fdt/abi/kho.h"
#include "fdt/abi/x86_boot.h"
#include "fdt/base/error.h"
#include "fdt/base/ranges.h"
#include "fdt/boot/boot_image.h"

namespace kho {

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
