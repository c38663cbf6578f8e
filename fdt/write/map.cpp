// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/write/internal/map.h"

#include <cassert>

#include "fdt/write/internal/chunk_list.h"
#include "fdt/write/internal/radix_tree.h"

namespace kho {

std::uint64_t map_pages(KhoFormat format, std::span<const PreservedBlocks> blocks) {
    assert(format != KhoFormat::unknown);
    const std::vector<BlockRun> runs = runs_of(blocks);
    return format == KhoFormat::v1 ? chunk_list_pages(runs) : radix_tree_pages(runs);
}

Outcome write_map(KhoFormat format, std::span<const PreservedBlocks> blocks, PhysAddr at,
                  std::span<std::byte> out) {
    assert(format != KhoFormat::unknown);
    if (Outcome outcome = check_blocks(blocks); !outcome)
        return outcome;
    const std::vector<BlockRun> runs = runs_of(blocks);
    if (format == KhoFormat::v1)
        write_chunk_list(runs, at, out);
    else
        write_radix_tree(runs, at, out);
    return success();
}

}  // namespace kho
