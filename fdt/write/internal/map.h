// SPDX-License-Identifier: GPL-2.0-or-later
// Writing the map of preserved memory. Follows kernel/liveupdate/kexec_handover.c, which does not preserve the pages of
// the map itself: they must be free and outside of scratch, and the next kernel takes them back when it has read them.
#pragma once

#include <cstddef>
#include <span>

#include "fdt/base/error.h"
#include "fdt/model/handover.h"

namespace kho {

// Number of pages that the map of `blocks` takes, at least one.
std::uint64_t map_pages(const KhoFormat &format, std::span<const PreservedBlocks> blocks);

// Lays the map out in consecutive pages from `at`, which is also the address of its first chunk or of its
// root; `out` has map_pages(blocks) pages. Blocks may be in any order but must not overlap.
// Errors: block_order, block_address; `index` says which block.
Outcome write_map(const KhoFormat &format, std::span<const PreservedBlocks> blocks, PhysAddr at,
                  std::span<std::byte> out);

}  // namespace kho
