// SPDX-License-Identifier: GPL-2.0-or-later
// What is where in an ELF64 core file: recordings, and dumps by QEMU, makedumpfile or the kernel. Internal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fdt/file/elf_core.h"
#include "fdt/file/internal/core_notes.h"
#include "fdt/file/segment_memory.h"

namespace kho {

enum class CoreRules {
    // All that the headers promise is in the file, and once; the kho_data note is there.
    recording,
    // Of any origin: one address may be in several segments (dumps made with paging, /proc/vmcore), and a file that
    // was cut off is read as far as it goes.
    dump,
};

struct CoreLayout {
    std::uint16_t machine = 0;  // e_machine
    std::vector<MemorySegment> segments;
    CoreNotes notes;
    std::vector<std::string> warnings;  // CoreRules::dump only
};

// Errors: core_format, with the offset of the header that is at fault.
Result<CoreLayout> read_core_layout(Bytes file, CoreRules rules);

}  // namespace kho
