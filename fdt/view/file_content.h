// SPDX-License-Identifier: GPL-2.0-or-later
// What a program reads out of a file after the handover.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "fdt/base/memory.h"
#include "fdt/model/handover.h"

namespace kho {

// Where the bytes of a file go, front to back. An error is passed on.
struct FileSink {
    std::function<Outcome(std::span<const std::byte>)> bytes;
    std::function<Outcome(std::uint64_t count)> zeroes;
};

// All of [0, content.size), holes by one call each. Errors: those of Memory::read, whose sentence names the
// place in the file too; the sink's.
Outcome copy_file(const Memory &memory, const FileContent &content, const FileSink &sink);

}  // namespace kho
