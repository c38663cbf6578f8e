// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "fdt/base/memory.h"
#include "fdt/boot/internal/bake_plan.h"

namespace kho {

// Writes the file, whole or not at all; its size in bytes. `memory` has the handover's. Errors: io, and
// those of the memory.
Result<std::uint64_t> write_bake(const std::string &path, BakePlan plan, const Memory &memory);

}  // namespace kho
