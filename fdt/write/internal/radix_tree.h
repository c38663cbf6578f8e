// SPDX-License-Identifier: GPL-2.0-or-later
// The radix tree of kho-v3 and kho-v4. Internal to write_map().
#pragma once

#include <cstddef>
#include <span>

#include "fdt/write/internal/map_runs.h"

namespace kho {

// `runs` are those of runs_of().
std::uint64_t radix_tree_pages(std::span<const BlockRun> runs);
void write_radix_tree(std::span<const BlockRun> runs, PhysAddr at, std::span<std::byte> out);

}  // namespace kho
