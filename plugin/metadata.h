// SPDX-License-Identifier: GPL-2.0-or-later
// What the device itself adds to a handover: KHO FDT, LUO FDT, scratch array and the map of preserved
// memory, made in host memory first and put into free guest RAM when nothing can fail any more.
#pragma once

#include <vector>

#include "plugin/descriptor.h"

namespace kexec_handover {

struct Metadata {
    kho::PhysAddr address{};        // of `bytes` in the guest: whole pages, not preserved before
    std::vector<std::byte> bytes;   // preserved too, as blocks of order 0
    kho::PhysAddr luo_fdt{};        // 0: no LUO
    kho::abi::kho_data handover{};  // what the next kernel is told

    kho::Range range() const { return {address, bytes.size()}; }
};

// Format of Linux 6.19. Refuses with no_memory_for_metadata or too_many_entries.
Checked<Metadata> make_metadata(const KexecRequest &request);

}  // namespace kexec_handover
