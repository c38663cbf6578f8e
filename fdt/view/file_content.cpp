// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/view/file_content.h"

#include <algorithm>

namespace kho {
namespace {

// Large enough to make calls cheap, small enough for a second-level cache.
constexpr std::size_t piece_size = std::size_t{256} << 10;

}  // namespace

Outcome copy_memory(const Memory &memory, Range range,
                    const std::function<Outcome(std::span<const std::byte>)> &sink) {
    std::vector<std::byte> buffer(std::min<std::uint64_t>(range.size, piece_size));
    while (range.size > 0) {
        const auto piece = std::span(buffer).first(std::min<std::uint64_t>(range.size, piece_size));
        if (Outcome outcome = memory.read(range.start, piece); !outcome)
            return outcome;
        if (Outcome outcome = sink(piece); !outcome)
            return outcome;
        range = {range.start + piece.size(), range.size - piece.size()};
    }
    return success();
}

Outcome copy_file(const Memory &memory, const FileContent &content, const FileSink &sink) {
    std::uint64_t done = 0;
    for (const FileExtent &extent : content.extents) {
        if (extent.offset > done)
            if (Outcome outcome = sink.zeroes(extent.offset - done); !outcome)
                return outcome;
        done = extent.offset;
        bool reading = true;  // or writing
        Outcome outcome = copy_memory(memory, {extent.address, extent.size}, [&](auto bytes) {
            reading = false;
            Outcome written = sink.bytes(bytes);
            if (written) {
                reading = true;
                done += bytes.size();
            }
            return written;
        });
        if (!outcome && reading) {
            Error error = outcome.error();
            error.what += ", needed for byte " + std::to_string(done) + " of the file";
            return error;
        }
        if (!outcome)
            return outcome;
    }
    return done < content.size ? sink.zeroes(content.size - done) : success();
}

}  // namespace kho
