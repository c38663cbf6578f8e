// SPDX-License-Identifier: GPL-2.0-or-later
// The FDTs of a handover that are no codec's. Each is a page, zeroes behind the FDT; each can fail with fdt_full.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "fdt/base/error.h"
#include "fdt/base/internal/fdt_page.h"
#include "fdt/model/handover.h"

namespace kho {

using FdtBytes = std::vector<std::byte>;

Result<FdtBytes> write_kho_fdt(const KhoFormat &format, PhysAddr memory_map,
                               std::span<const Subtree> subtrees);

Result<FdtBytes> write_memblock_fdt(std::span<const MemblockReservation> reservations);

}  // namespace kho
