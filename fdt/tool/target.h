// SPDX-License-Identifier: GPL-2.0-or-later
// Where extracted bytes go: a file that appears whole or not at all, or standard output.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "fdt/file/internal/atomic_file.h"
#include "fdt/tool/command.h"
#include "fdt/view/file_content.h"

namespace kho::tool {

// What is wrong with a file's name for a verb that writes `ending` (".svg"; "" for a recording or another ELF file): it ends as the
// files of another format do. "" if nothing is: names without an ending, and with one that no format claims, are the user's own.
std::string wrong_ending(std::string_view path, std::string_view ending);

class Target {
public:
    // "-" is standard output. Errors: io.
    static Result<Target> open(Command &command, const std::string &path, Holds holds = Holds::memory);

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

// Opens the target, lets `fill` write, and gives it its name. Errors are said on standard error: those of the file that is read
// with `source`. Returns an Exit.
int write_target(Command &command, const std::string &source, const std::string &path,
                 const std::function<Outcome(Target &)> &fill, Holds holds = Holds::memory);

}  // namespace kho::tool
