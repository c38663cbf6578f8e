// SPDX-License-Identifier: GPL-2.0-or-later
// Memory that lies in a file as it was: recordings, ELF dumps, raw memory. Internal to the readers of images.
#pragma once

#include <vector>

#include "fdt/file/image_memory.h"
#include "fdt/file/mapped_file.h"

namespace kho {

struct MemorySegment {
    Range range;
    std::uint64_t file_offset;
    std::uint64_t file_size;  // the rest of the range reads as zeroes
};

class SegmentMemory final : public ImageMemory {
public:
    // Segments are disjoint, ascending and not empty, and their slices are in the file.
    SegmentMemory(MappedFile file, std::vector<MemorySegment> segments);

    Outcome read(PhysAddr from, std::span<std::byte> out) const override;
    const RangeSet &ranges() const override { return ranges_; }
    RangeSet resident() const override;

private:
    MappedFile file_;
    std::vector<MemorySegment> segments_;
    RangeSet ranges_;
};

}  // namespace kho
