// SPDX-License-Identifier: GPL-2.0-or-later
// Internal to bake_*.cpp: the loader with all its parameters.
#pragma once

#include "fdt/boot/internal/bake_plan.h"

namespace kho {

// The loader maps what is below.
inline constexpr std::uint64_t bake_mapped_limit = std::uint64_t{512} << 30;

// With its parameters: the plan's segments, zeroes and needs.
std::uint64_t loader_size(const BakePlan &plan, std::span<const std::byte> program);

// Fills in `loader_bytes` and `sums` from the other members. plan.loader has room for it and is in
// plan.needs.
void add_loader(BakePlan &plan, const BootPlan &boot, std::span<const std::byte> program);

}  // namespace kho
