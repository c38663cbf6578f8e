// SPDX-License-Identifier: GPL-2.0-or-later
// What is where in an ELF64 core file: recordings, and dumps by QEMU, makedumpfile or the kernel. Internal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fdt/file/elf_core.h"
#include "fdt/file/segment_memory.h"

namespace kho {

enum class CoreRules {
    // All that the headers promise is in the file, and once; the kho_data note is there.
    recording,
    // Of any origin: one address may be in several segments (dumps made with paging, /proc/vmcore), and a file that
    // was cut off is read as far as it goes.
    dump,
};

struct CoreNotes {
    CoreHeader header;           // of our owner's notes
    bool recording = false;      // there are notes of our owner
    bool qemu = false;           // and of QEMU's
    unsigned cpus = 0;           // register sets
    std::string kernel_release;  // OSRELEASE of VMCOREINFO
};

struct CoreLayout {
    std::uint16_t machine = 0;  // e_machine
    std::vector<MemorySegment> segments;
    CoreNotes notes;
    std::vector<std::string> warnings;  // CoreRules::dump only
};

// Errors: core_format, with the offset of the header that is at fault.
Result<CoreLayout> read_core_layout(Bytes file, CoreRules rules);

// Reads one PT_NOTE segment's `notes`, which begin at `offset` in the file. A type of ours may come once in
// the file.
class CoreNoteReader {
public:
    Outcome read(Bytes notes, std::uint64_t offset);
    // With `needed`, an error if no kho_data was among them.
    Result<CoreNotes> finish(bool needed);

private:
    Outcome take(std::uint32_t type, Bytes content, std::uint64_t at);

    CoreNotes notes_;
    bool seen_[3] = {};
};

// The value of OSRELEASE in a VMCOREINFO text; empty if there is none or it is not printable.
std::string os_release(Bytes vmcoreinfo);

Error core_error(std::uint64_t offset, std::string what);

}  // namespace kho
