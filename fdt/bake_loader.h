// SPDX-License-Identifier: GPL-2.0-or-later
// Internal to bake_*.cpp: the loader with everything that it is told.
#pragma once

#include "fdt/bake.h"

namespace kho {

// Finds the loader a place in `free`, as low as it can be: it is what speaks up in a machine with less
// memory. Fills in the members of the plan that are about it, from the others. Errors: as plan_bake().
Outcome add_loader(BakePlan &plan, const BootPlan &boot, std::span<const std::byte> program,
                   const RangeSet &free);

}  // namespace kho
