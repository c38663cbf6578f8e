// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>

#include "fdt/base/internal/text.h"
#include "fdt/make/build.h"

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
    while (!out.empty()) {
        const auto place = std::ranges::partition_point(
            placed_, [from](const Placed &candidate) { return candidate.range.end() <= from; });
        const bool here = place != placed_.end() && place->range.start <= from;
        // Up to the end of the place, or to where the next one begins.
        std::uint64_t most = out.size();
        if (place != placed_.end())
            most = std::min(most, here ? place->range.end() - from : place->range.start - from);
        const std::span<std::byte> piece = out.first(most);
        if (Outcome outcome = here ? place->content->read(place->offset + (from - place->range.start), piece)
                                   : pages_.read(from, piece);
            !outcome)
            return outcome;
        out = out.subspan(most);
        from = from + most;
    }
    return success();
}

Result<std::uint64_t> write_recording(const std::string &path, const CoreHeader &header,
                                      const RangeSet &ranges, const Memory &memory) {
    constexpr std::uint64_t piece_size = std::uint64_t{1} << 20;
    std::vector<std::byte> buffer;
    const CoreSource source = [&](Range range, const auto &sink) -> Outcome {
        while (!range.empty()) {
            buffer.resize(std::min(range.size, piece_size));
            if (Outcome outcome = memory.read(range.start, buffer); !outcome)
                return outcome;
            if (Outcome outcome = sink(buffer); !outcome)
                return outcome;
            range = {range.start + buffer.size(), range.size - buffer.size()};
        }
        return success();
    };
    return write_core(path, header, ranges, source);
}

}  // namespace kho
