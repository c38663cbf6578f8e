// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/tool/target.h"

#include <algorithm>

namespace kho::tool {

Result<Target> Target::open(Command &command, const std::string &path) {
    if (path == "-")
        return Target(command, std::nullopt);
    Result<AtomicFile> file = AtomicFile::create(path);
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

}  // namespace kho::tool
