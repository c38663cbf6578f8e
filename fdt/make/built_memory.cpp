// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/make/built_memory.h"

#include <algorithm>
#include <utility>

#include "fdt/base/internal/pieces.h"

namespace kho {

BuiltMemory::BuiltMemory(MetadataPages pages, std::vector<Placed> placed)
    : pages_(std::move(pages)), placed_(std::move(placed)) {
    std::ranges::sort(placed_,
                      [](const Placed &a, const Placed &b) { return a.range.start < b.range.start; });
    std::vector<Range> ranges;
    ranges.reserve(placed_.size());
    for (const Placed &place : placed_) ranges.push_back(place.range);
    const RangeSet metadata = pages_.ranges();
    ranges.insert(ranges.end(), metadata.ranges().begin(), metadata.ranges().end());
    ranges_ = RangeSet(std::move(ranges));
}

Outcome BuiltMemory::read(PhysAddr from, std::span<std::byte> out) const {
    return read_pieces(
        placed_, &Placed::range, from, out,
        [](const Placed &place, std::uint64_t skip, std::span<std::byte> part) {
            return place.content->read(place.offset + skip, part);
        },
        [this](PhysAddr at, std::span<std::byte> part) { return pages_.read(at, part); });
}

}  // namespace kho
