// SPDX-License-Identifier: GPL-2.0-or-later
// A file that appears whole or not at all: written beside its final name, then renamed over it. Internal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fdt/base/error.h"

namespace kho {

// Who may read a new file: a file that holds memory of a guest is its owner's alone (0600); for another the umask says (0666).
// A file that is replaced keeps its mode.
enum class Holds : std::uint8_t { memory, description };

// All errors are Errc::io with errno's text and the path. Until commit() succeeds nothing is seen under
// the final name, and the destructor removes what was written. Not synced: a recording that a host crash
// swallows is made again.
class AtomicFile {
public:
    // Refuses to replace what is not a regular file: renaming over /dev/null would remove it.
    static Result<AtomicFile> create(const std::string &path, Holds holds = Holds::memory);
    AtomicFile(AtomicFile &&other) noexcept;
    AtomicFile &operator=(AtomicFile &&) = delete;
    AtomicFile(const AtomicFile &) = delete;
    AtomicFile &operator=(const AtomicFile &) = delete;
    ~AtomicFile();

    Outcome write(std::span<const std::byte> bytes);
    Outcome zeros(std::uint64_t count);
    // Zeroes that take no space where the file system has sparse files. Past what it can hold: io, at once.
    Outcome hole(std::uint64_t count);
    std::uint64_t size() const { return size_; }  // written so far, what is still buffered included
    Outcome commit();

private:
    AtomicFile(std::string path, std::string temporary, int descriptor);
    Outcome flush();
    Outcome write_out(std::span<const std::byte> bytes);

    std::string path_;
    std::string temporary_;
    std::vector<std::byte> buffer_;
    std::uint64_t size_ = 0;
    int descriptor_ = -1;  // -1: committed or moved from
};

Error io_error(int errno_value, const std::string &path);

}  // namespace kho
