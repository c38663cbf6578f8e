// SPDX-License-Identifier: GPL-2.0-or-later
// What a file or a reservation holds, described rather than stored: pieces of text, of host files, of a
// generated pattern, and holes. So a recording of many gigabytes is written without having them in memory.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fdt/base/error.h"
#include "fdt/model/handover.h"

namespace kho {

// A file of the host, open for reading as long as the object exists.
class HostFile {
public:
    static Result<std::shared_ptr<const HostFile>> open(const std::string &path);  // errors: io
    HostFile(const HostFile &) = delete;
    HostFile &operator=(const HostFile &) = delete;
    ~HostFile();

    std::uint64_t size() const { return size_; }  // when it was opened
    const std::string &path() const { return path_; }
    // Errors: io, also if the file has become shorter.
    Outcome read(std::uint64_t offset, std::span<std::byte> out) const;

private:
    HostFile(std::string path, int descriptor, std::uint64_t size)
        : path_(std::move(path)), descriptor_(descriptor), size_(size) {}

    std::string path_;
    int descriptor_;
    std::uint64_t size_;
};

// Bytes that a seed stands for. Byte i is byte i % 8, the least significant first, of output i / 8 of
// splitmix64 that was seeded with it: anybody can make them again, from any offset on.
void fill_pattern(std::uint64_t seed, std::uint64_t offset, std::span<std::byte> out);

struct ContentPiece {
    enum class Kind : std::uint8_t { bytes, host_file, pattern, zeros, hole };

    std::uint64_t offset = 0;  // in the content
    std::uint64_t size = 0;    // bytes
    Kind kind = Kind::zeros;
    std::vector<std::byte> bytes{};               // Kind::bytes: `size` of them
    std::shared_ptr<const HostFile> host_file{};  // Kind::host_file
    std::uint64_t host_offset = 0;
    std::uint64_t seed = 0;  // Kind::pattern
};

class Content {
public:
    // Behind all pieces that are there. False if it begins before their end, or ends behind 2^63 - 1.
    bool append(ContentPiece piece);
    std::uint64_t end() const;  // of the last piece
    // Zeroes where no piece is, and in holes. Errors: those of HostFile.
    Outcome read(std::uint64_t offset, std::span<std::byte> out) const;
    // The pages of a content of `size` bytes that need memory: all that do not lie wholly in holes.
    // Ascending, in bytes, whole pages: the last one may end behind `size`.
    std::vector<FileRange> stored_pages(std::uint64_t size) const;

private:
    std::vector<ContentPiece> pieces_;  // ascending, apart
};

}  // namespace kho
