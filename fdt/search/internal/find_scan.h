// SPDX-License-Identifier: GPL-2.0-or-later
// The fast part of a search: where something might be. Internal to find.cpp.
#pragma once

#include <functional>
#include <vector>

#include "fdt/file/image_memory.h"

namespace kho {

enum class Hit {
    page_start,   // the page begins as an FDT or a LUO root does
    setup_data,   // a setup_data_header of type SETUP_KEXEC_KHO with the right length
    boot_params,  // "HdrS" at the right place behind this address
};

struct ScanResult {
    std::uint64_t bytes = 0;
    std::uint64_t unreadable = 0;
    bool stopped = false;
};

// Looks at all of memory.resident() and calls `hit` for each place, ascending, until it returns false.
ScanResult scan(const ImageMemory &memory, const std::function<bool(Hit, PhysAddr)> &hit);

}  // namespace kho
