// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/file/segment_memory.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "fdt/base/internal/pieces.h"
#include "fdt/base/internal/text.h"

namespace kho {

SegmentMemory::SegmentMemory(MappedFile file, std::vector<MemorySegment> segments)
    : file_(std::move(file)), segments_(std::move(segments)) {
    std::vector<Range> runs;
    runs.reserve(segments_.size());
    for (const MemorySegment &segment : segments_) {
        assert(slice(file_.bytes(), segment.file_offset, segment.file_size));
        assert(runs.empty() || runs.back().end() <= segment.range.start);
        runs.push_back(segment.range);
    }
    ranges_ = RangeSet(std::move(runs));
}

Outcome SegmentMemory::read(PhysAddr from, std::span<std::byte> out) const {
    const PhysAddr end = from + out.size();
    // Neighbouring segments are one piece of memory to the reader.
    return read_pieces(
        segments_, &MemorySegment::range, from, out,
        [this](const MemorySegment &segment, std::uint64_t skip, std::span<std::byte> part) {
            const std::uint64_t in_file =
                skip < segment.file_size ? std::min<std::uint64_t>(part.size(), segment.file_size - skip) : 0;
            if (in_file > 0)
                std::memcpy(part.data(), file_.bytes().data() + segment.file_offset + skip, in_file);
            std::ranges::fill(part.subspan(in_file), std::byte{0});
            return success();
        },
        [end](PhysAddr at, std::span<std::byte>) {
            return Outcome(Error{.code = Errc::outside_memory,
                                 .address = value(at),
                                 .what = "not in the image, " + hex(end - at) + " bytes wanted"});
        });
}

RangeSet SegmentMemory::resident() const {
    std::vector<Range> found;
    for (const MemorySegment &segment : segments_)
        for (const Extent &extent : file_.data({segment.file_offset, segment.file_size})) {
            // Holes are counted in the file's blocks, which need not be the memory's pages.
            const std::uint64_t start = value(segment.range.start) + (extent.offset - segment.file_offset);
            const std::uint64_t page = std::max(align_down(start, page_size), value(segment.range.start));
            const std::uint64_t left = page_size - 1 - (start + extent.size - 1) % page_size;
            const std::uint64_t end =
                start + extent.size + std::min(left, value(segment.range.end()) - start - extent.size);
            found.push_back({PhysAddr{page}, end - page});
        }
    return RangeSet(std::move(found));
}

}  // namespace kho
