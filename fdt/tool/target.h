// SPDX-License-Identifier: GPL-2.0-or-later
// Where extracted bytes go: a file that appears whole or not at all, or standard output.
#pragma once

#include <optional>
#include <string>

#include "fdt/atomic_file.h"
#include "fdt/file_content.h"
#include "fdt/tool/command.h"

namespace kho::tool {

class Target {
public:
    // "-" is standard output. Errors: io.
    static Result<Target> open(Command &command, const std::string &path);

    Outcome write(std::span<const std::byte> bytes);
    // A hole, in a file.
    Outcome zeroes(std::uint64_t count);
    // The file gets its name. Standard output is finished with the command.
    Outcome commit();

    FileSink sink() {
        return {.bytes = [this](auto bytes) { return write(bytes); },
                .zeroes = [this](std::uint64_t count) { return zeroes(count); }};
    }

private:
    Target(Command &command, std::optional<AtomicFile> file) : out_(&command.out), file_(std::move(file)) {}

    Output *out_;
    std::optional<AtomicFile> file_;
};

}  // namespace kho::tool
