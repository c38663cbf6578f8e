// SPDX-License-Identifier: GPL-2.0-or-later
// kho make: a recording from a description.
#include "fdt/tool/verbs.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "fdt/base/internal/text.h"
#include "fdt/file/internal/atomic_file.h"
#include "fdt/make/build.h"
#include "fdt/tool/format.h"
#include "fdt/tool/make_description.h"
#include "fdt/tool/target.h"

namespace kho::tool {
namespace {

// What people write by hand is not larger.
constexpr std::uint64_t max_description = std::uint64_t{256} << 20;

Result<std::string> read_input(const std::string &path) {
    std::string text;
    if (path != "-") {
        const auto file = HostFile::open(path);
        if (!file)
            return file.error();
        if (file.value()->size() > max_description)
            return Error{.code = Errc::input_format, .what = "larger than 256 MiB"};
        text.resize(file.value()->size());
        if (Outcome outcome = file.value()->read(0, std::as_writable_bytes(std::span(text))); !outcome)
            return outcome.error();
        return text;
    }
    char buffer[1 << 16];
    while (true) {
        const ssize_t count = ::read(STDIN_FILENO, buffer, sizeof buffer);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return io_error(errno, path);
        if (count == 0)
            return text;
        text.append(buffer, static_cast<std::size_t>(count));
        if (text.size() > max_description)
            return Error{.code = Errc::input_format, .what = "larger than 256 MiB"};
    }
}

}  // namespace

int make(Command &command) {
    std::optional<std::string> output;
    command.options.value("output", 'o', output, "FILE", "write the recording into this file");
    if (const auto over = command.parse(1, 1))
        return *over;
    if (!output)
        return command.usage("-o FILE is missing");
    if (const std::string wrong = wrong_ending(*output, ""); !wrong.empty())
        return command.usage(wrong);
    const std::string &path = command.operands()[0];
    const Result<std::string> text = read_input(path);
    if (!text)
        return command.fail(path, text.error());
    const std::string folder = path == "-" ? "" : std::filesystem::path(path).parent_path().string();
    const Result<Description> description = read_description(text.value(), folder);
    if (!description)
        return command.fail(path, description.error().what);
    const Result<Built> built = build(description.value());
    if (!built)
        return command.fail(path, built.error());
    const Built &made = built.value();
    const Result<std::uint64_t> size =
        write_recording(*output, made.header, made.memory.ranges(), made.memory);
    if (!size)
        return command.fail(*output, size.error());
    if (command.verbose()) {
        std::uint64_t files = 0;
        const std::size_t sessions = made.handover.luo ? made.handover.luo->sessions.size() : 0;
        if (made.handover.luo)
            for (const LuoSession &session : made.handover.luo->sessions) files += session.files.size();
        command.out << printable(*output) << ": Linux " << made.header.release << ", "
                    << counted(sessions, "session") << ", " << counted(files, "file") << ", "
                    << size_text(made.memory.ranges().bytes()) << '\n';
    }
    return exit_clean;
}

}  // namespace kho::tool
