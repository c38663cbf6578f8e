// SPDX-License-Identifier: GPL-2.0-or-later
// The notes of an ELF64 core file. Internal.
#pragma once

#include <string>

#include "fdt/file/elf_core.h"

namespace kho {

struct CoreNotes {
    CoreHeader header;           // of our owner's notes
    bool recording = false;      // there are notes of our owner
    bool qemu = false;           // and of QEMU's
    unsigned cpus = 0;           // register sets
    std::string kernel_release;  // OSRELEASE of VMCOREINFO
};

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
