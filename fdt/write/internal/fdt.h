// SPDX-License-Identifier: GPL-2.0-or-later
// The FDTs of a handover, of every generation. Each is a page, zeroes behind the FDT; each can fail with
// fdt_full.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "fdt/base/error.h"
#include "fdt/model/handover.h"

namespace kho {

using FdtBytes = std::vector<std::byte>;

// From kho-v3 on subtrees carry their size. Not for KhoFormat::unknown.
Result<FdtBytes> write_kho_fdt(KhoFormat format, PhysAddr memory_map, std::span<const Subtree> subtrees);

// luo-v1. From Linux 7.0 on there is an FLB header, and it is mandatory.
Result<FdtBytes> write_luo_fdt(std::uint64_t liveupdate_number, PhysAddr session_header,
                               std::optional<PhysAddr> flb_header);

Result<FdtBytes> write_memblock_fdt(std::span<const MemblockReservation> reservations);

// What an FDT says its size is, if these bytes begin as an FDT does and it is not larger than a handover's
// can be. Kernels give it as the blob's size.
std::optional<std::uint64_t> fdt_total_size(std::span<const std::byte> bytes);

}  // namespace kho
