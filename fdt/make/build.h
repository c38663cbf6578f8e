// SPDX-License-Identifier: GPL-2.0-or-later
// Making a handover from a description: places its content in memory, writes the metadata, and gives the
// whole as guest memory, which a recording can be written from. The same description gives the same bytes.
#pragma once

#include <map>

#include "fdt/make/built_memory.h"
#include "fdt/make/description.h"
#include "fdt/write/writer.h"

namespace kho {

struct Built {
    CoreHeader header{};
    Handover handover{};  // as a reader finds it, without uses
    BuiltMemory memory;   // as long as the description lives
};

// Errors: those of write_handover(); no_room; scratch_array, and malformed, for what cannot be. The sentence
// begins with the place in the description: "sessions[3].files[0].size: ...".
Result<Built> build(const Description &description);

// RAM that a handover may use: what the map says is RAM, but neither the first MiB, which firmware and old
// boot code consider theirs, nor scratch.
RangeSet usable_memory(std::span<const CoreMemoryRange> memory_map, std::span<const Range> scratch);

// Blocks as kho_preserve_pages() makes them of a range of whole pages: each as large as its alignment allows.
std::vector<PreservedBlocks> blocks_of(Range range);

}  // namespace kho
