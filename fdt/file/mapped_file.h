// SPDX-License-Identifier: GPL-2.0-or-later
// Files of hostile content: mapped read-only, and reached only through checked slices and copies.
#pragma once

#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "fdt/base/error.h"

namespace kho {

using Bytes = std::span<const std::byte>;

// Nothing unless the whole slice is there.
inline std::optional<Bytes> slice(Bytes bytes, std::uint64_t offset, std::uint64_t size) {
    if (offset > bytes.size() || size > bytes.size() - offset)
        return std::nullopt;
    return bytes.subspan(offset, size);
}

// A copy of the T at `offset`, aligned or not.
template <typename T>
std::optional<T> field(Bytes bytes, std::uint64_t offset) {
    static_assert(std::is_trivially_copyable_v<T>);
    const std::optional<Bytes> part = slice(bytes, offset, sizeof(T));
    if (!part)
        return std::nullopt;
    T value;
    std::memcpy(&value, part->data(), sizeof value);
    return value;
}

// A slice of a file; neither end need be a page's.
struct Extent {
    std::uint64_t offset;
    std::uint64_t size;
    std::uint64_t end() const { return offset + size; }
    bool operator==(const Extent &) const = default;
};

// A regular file, or a special one that has a size and can be read (debugfs): those are copied. What is
// mapped must not be shortened meanwhile: touching what is gone raises SIGBUS.
class MappedFile {
public:
    // Errors: io. An empty file is one without bytes.
    static Result<MappedFile> open(const std::string &path);
    // Bytes that came from elsewhere.
    static MappedFile from_bytes(std::vector<std::byte> bytes);
    MappedFile(MappedFile &&other) noexcept;
    MappedFile &operator=(MappedFile &&other) noexcept;
    MappedFile(const MappedFile &) = delete;
    MappedFile &operator=(const MappedFile &) = delete;
    ~MappedFile();

    Bytes bytes() const { return bytes_; }

    // The parts of `part` that are not holes, ascending. One extent with all of it where the file system
    // cannot tell.
    std::vector<Extent> data(Extent part) const;

private:
    MappedFile() = default;

    Bytes bytes_;
    std::vector<std::byte> copy_;  // instead of a mapping
    int descriptor_ = -1;
};

// For a program's main(): when a mapped file is shortened, end with one line on stderr and exit status 2
// instead of SIGBUS. Signals from elsewhere keep their effect.
void exit_when_a_file_shrinks(const char *program);

}  // namespace kho
