// SPDX-License-Identifier: GPL-2.0-or-later
// A dump's file as it would be if it had been written to a disk: flattened ones, as QEMU and makedumpfile
// write them into pipes, are put in order. Internal to the readers of images.
#pragma once

#include <string>
#include <vector>

#include "fdt/file/mapped_file.h"

namespace kho {

class FlatFile {
public:
    static bool is_flattened(Bytes file);

    // `file` outlives this. Of a flattened one all records are looked at, which touches every few pages of
    // it. Errors: dump_format. A flattened file that was cut off ends with its last whole record, and
    // truncated() is true.
    static Result<FlatFile> open(Bytes file);

    bool flattened() const { return flattened_; }
    bool truncated() const { return truncated_; }
    std::uint64_t size() const { return size_; }  // of the file in order

    // Copies out.size() bytes from `offset`; false if that is not all in the file. What no record wrote reads
    // as zeroes, as holes do.
    bool read(std::uint64_t offset, std::span<std::byte> out) const;
    template <typename T>
    std::optional<T> field(std::uint64_t offset) const {
        T value;
        if (!read(offset, std::as_writable_bytes(std::span(&value, 1))))
            return std::nullopt;
        return value;
    }

private:
    struct Piece {
        std::uint64_t offset;  // in order
        std::uint64_t size;
        std::uint64_t at;  // in the file that is there
        std::uint64_t end() const { return offset + size; }
    };
    static std::vector<Piece> without_overwritten(const std::vector<Piece> &written);

    Bytes file_;
    std::vector<Piece> pieces_;  // of a flattened file: ascending, disjoint
    std::uint64_t size_ = 0;
    bool flattened_ = false;
    bool truncated_ = false;
};

}  // namespace kho
