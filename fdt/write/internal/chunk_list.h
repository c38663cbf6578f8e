// SPDX-License-Identifier: GPL-2.0-or-later
// The chunk list of kho-v1. Internal to write_map().
#pragma once

#include <cstddef>
#include <span>

#include "fdt/write/internal/map_runs.h"

namespace kho {

// `runs` are those of runs_of().
std::uint64_t chunk_list_pages(std::span<const BlockRun> runs);
void write_chunk_list(std::span<const BlockRun> runs, PhysAddr at, std::span<std::byte> out);

}  // namespace kho
