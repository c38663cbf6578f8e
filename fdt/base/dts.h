// SPDX-License-Identifier: GPL-2.0-or-later
// An FDT as device tree source. KHO and its clients store integers in the CPU's byte order where device trees
// have big-endian cells, so fdtdump and dtc show them swapped; here they read as the kernel reads them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "fdt/base/error.h"

namespace kho {

struct DtsOptions {
    // Integers as bytes, with their value in a comment: dtc makes the same bytes of it again. Otherwise as
    // numbers, which dtc stores in its own byte order.
    bool exact = false;
};

struct Dts {
    std::string text{};
    // Names of nodes and properties that no source can hold, escaped; written with _xNN_ for each odd byte.
    std::vector<std::string> renamed{};
};

// dtc takes what this makes, whatever names and values are in the FDT, unless two in one node have the same
// name. Errors: fdt_header.
Result<Dts> to_dts(std::span<const std::byte> fdt, const DtsOptions &options = {});

}  // namespace kho
