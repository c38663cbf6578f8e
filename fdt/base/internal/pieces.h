// SPDX-License-Identifier: GPL-2.0-or-later
// Memory that is made of pieces: what Memory::read() of such a memory does.
#pragma once

#include <algorithm>
#include <functional>

#include "fdt/base/memory.h"

namespace kho {

// `pieces` are in ascending order and do not overlap; `range_of` is the member, or function, that tells a piece's range. Calls
// inside(piece, offset in it, bytes) for what is in a piece, outside(address, bytes) for what lies between pieces.
template <typename Pieces, typename RangeOf, typename Inside, typename Outside>
Outcome read_pieces(const Pieces &pieces, const RangeOf &range_of, PhysAddr from, std::span<std::byte> out,
                    const Inside &inside, const Outside &outside) {
    auto piece = std::ranges::partition_point(
        pieces, [from](const Range &range) { return range.end() <= from; }, range_of);
    while (!out.empty()) {
        const bool at_end = piece == std::ranges::end(pieces);
        const Range range = at_end ? Range{} : std::invoke(range_of, *piece);
        const bool here = !at_end && range.start <= from;
        // To the end of this piece, or to the beginning of the next one.
        const std::uint64_t left = at_end ? out.size() : here ? range.end() - from : range.start - from;
        const std::span<std::byte> part = out.first(std::min<std::uint64_t>(out.size(), left));
        if (Outcome outcome = here ? inside(*piece, from - range.start, part) : outside(from, part); !outcome)
            return outcome;
        if (here)
            ++piece;
        out = out.subspan(part.size());
        from = from + part.size();
    }
    return success();
}

}  // namespace kho
