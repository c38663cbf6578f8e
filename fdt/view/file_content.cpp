// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/view/file_content.h"

#include <algorithm>

#include "fdt/abi/memfd.h"

namespace kho {
namespace {

// Large enough to make calls cheap, small enough for a second-level cache.
constexpr std::size_t piece_size = std::size_t{256} << 10;

}  // namespace

std::vector<FileExtent> file_extents(const Memfd &memfd) {
    const std::uint64_t size = std::min(memfd.size, abi::memfd_max_size);
    std::vector<FileExtent> all;
    all.reserve(memfd.folios.size());
    for (const MemfdFolio &folio : memfd.folios) {
        if (size == 0 || folio.index > (size - 1) / page_size || folio.order > max_block_order)
            continue;
        all.push_back({folio.index * page_size, folio.bytes(), folio.address});
        // Remembered as a stretch without bytes behind it, so that it hides what it overlaps.
        if ((folio.flags & abi::memfd_folio_uptodate) == 0)
            all.back().address = PhysAddr{UINT64_MAX};
    }
    const auto by_offset = [](const FileExtent &a, const FileExtent &b) { return a.offset < b.offset; };
    if (!std::is_sorted(all.begin(), all.end(), by_offset))
        std::stable_sort(all.begin(), all.end(), by_offset);

    std::vector<FileExtent> result;
    std::uint64_t done = 0;
    for (FileExtent extent : all) {
        // No wrap: the offset is below 2^63, the size at most 4 GiB.
        const std::uint64_t end = std::min(extent.offset + extent.size, size);
        if (end <= done)
            continue;
        const std::uint64_t skipped = std::max(done, extent.offset) - extent.offset;
        const std::uint64_t begin = extent.offset + skipped;
        done = end;
        if (extent.address == PhysAddr{UINT64_MAX})
            continue;
        const PhysAddr address = extent.address + skipped;
        if (!result.empty() && result.back().offset + result.back().size == begin &&
            result.back().address + result.back().size == address)
            result.back().size += end - begin;
        else
            result.push_back({begin, end - begin, address});
    }
    return result;
}

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

Outcome copy_file(const Memory &memory, const Memfd &memfd, const FileSink &sink) {
    std::uint64_t done = 0;
    for (const FileExtent &extent : file_extents(memfd)) {
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
    return done < memfd.size ? sink.zeroes(memfd.size - done) : success();
}

}  // namespace kho
