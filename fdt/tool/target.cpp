// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/tool/target.h"

#include <algorithm>
#include <cctype>
#include <iterator>

#include "fdt/base/internal/text.h"

namespace kho::tool {

std::string wrong_ending(std::string_view path, std::string_view ending) {
    // Formats that tools tell by the name: written under it, an SVG or an ELF file cannot be opened.
    constexpr std::string_view claimed[] = {".bmp", ".bz2",  ".csv",  ".dtb",   ".dts",  ".gif", ".gz",
                                            ".htm", ".html", ".jpeg", ".jpg",   ".json", ".lz4", ".md",
                                            ".pdf", ".png",  ".ps",   ".qcow2", ".svg",  ".txt", ".webp",
                                            ".xml", ".xz",   ".zip",  ".zst"};
    const std::size_t slash = path.rfind('/');
    const std::string_view name = path.substr(slash == path.npos ? 0 : slash + 1);
    const std::size_t dot = name.rfind('.');
    if (dot == name.npos || dot == 0)
        return "";
    std::string seen(name.substr(dot));
    std::transform(seen.begin(), seen.end(), seen.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (seen == ending || std::find(std::begin(claimed), std::end(claimed), seen) == std::end(claimed))
        return "";
    return "--output: " + in_quotes(path) + " ends in " + seen + ", and what is written is " +
           (ending.empty() ? "an ELF file" : "a file " + std::string(ending));
}

Result<Target> Target::open(Command &command, const std::string &path, Holds holds) {
    if (path == "-")
        return Target(command, std::nullopt);
    Result<AtomicFile> file = AtomicFile::create(path, holds);
    if (!file)
        return file.error();
    return Target(command, std::move(file).value());
}

Outcome Target::write(std::span<const std::byte> bytes) {
    if (file_)
        return file_->write(bytes);
    *out_ << std::string_view(reinterpret_cast<const char *>(bytes.data()), bytes.size());
    // A closed pipe must end this: a file can be as long as 2^63 bytes.
    const int error = out_->finish();
    return error == 0 ? success() : Outcome(io_error(error, "standard output"));
}

Outcome Target::zeroes(std::uint64_t count) {
    if (file_)
        return file_->hole(count);
    static constexpr std::byte zero[1 << 16] = {};
    while (count > 0) {
        const std::uint64_t piece = std::min<std::uint64_t>(count, sizeof zero);
        if (Outcome outcome = write(std::span(zero, piece)); !outcome)
            return outcome;
        count -= piece;
    }
    return success();
}

Outcome Target::commit() { return file_ ? file_->commit() : success(); }

int write_target(Command &command, const std::string &source, const std::string &path,
                 const std::function<Outcome(Target &)> &fill, Holds holds) {
    Result<Target> target = Target::open(command, path, holds);
    if (!target)
        return command.fail(path, target.error());
    if (Outcome outcome = fill(target.value()); !outcome)
        // What standard output refuses is said when the command ends.
        return path == "-" && outcome.error().code == Errc::io
                   ? exit_unusable
                   : command.fail(outcome.error().code == Errc::io ? path : source, outcome.error());
    if (Outcome outcome = target.value().commit(); !outcome)
        return command.fail(path, outcome.error());
    return exit_clean;
}

}  // namespace kho::tool
