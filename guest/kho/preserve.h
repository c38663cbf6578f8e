// SPDX-License-Identifier: GPL-2.0-or-later
// What the clients of KHO call: memory that reaches the next kernel, and getting it back there.
#pragma once

#include <span>

#include "guest/kho/pages.h"
#include "plugin/registers.h"

namespace guest {

// The smallest order whose folio holds `bytes`.
unsigned order_for(std::uint64_t bytes);

// A zeroed, preserved folio of at least `bytes`. EFBIG beyond a folio of the largest order, EINVAL for 0,
// ENOMEM.
Result<kho::PhysAddr> alloc_preserve(Pages &pages, std::uint64_t bytes);

// The reverse, in the same kernel. EINVAL: not the address of such a folio.
Errno unpreserve_free(Pages &pages, kho::PhysAddr folio);

// In the next kernel: takes a block and gives its pages back.
Errno restore_free(Pages &pages, kho::PhysAddr block);

// The list for the device: ascending, neighbouring blocks of one order joined.
std::uint64_t count_preserved_ranges(const Pages &pages);
// Writes at most ranges.size() of them and returns how many there were.
std::uint64_t list_preserved_ranges(const Pages &pages, std::span<kexec_handover::PreservedRange> ranges);

}  // namespace guest
