// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/write/internal/map.h"

#include "fdt/codec/internal/codec.h"

namespace kho {

std::uint64_t map_pages(const KhoFormat &format, std::span<const PreservedBlocks> blocks) {
    return format.map.pages(runs_of(blocks));
}

Outcome write_map(const KhoFormat &format, std::span<const PreservedBlocks> blocks, PhysAddr at,
                  std::span<std::byte> out) {
    if (Outcome outcome = check_blocks(blocks); !outcome)
        return outcome;
    format.map.write(runs_of(blocks), at, out);
    return success();
}

}  // namespace kho
