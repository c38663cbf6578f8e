// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/base/memory.h"

#include <algorithm>
#include <vector>

namespace kho {
namespace {

// Large enough to make calls cheap, small enough for a second-level cache.
constexpr std::uint64_t piece_size = std::uint64_t{256} << 10;

}  // namespace

Outcome copy_memory(const Memory &memory, Range range,
                    const std::function<Outcome(std::span<const std::byte>)> &sink) {
    std::vector<std::byte> buffer(std::min(range.size, piece_size));
    while (!range.empty()) {
        const auto piece = std::span(buffer).first(std::min(range.size, piece_size));
        if (Outcome outcome = memory.read(range.start, piece); !outcome)
            return outcome;
        if (Outcome outcome = sink(piece); !outcome)
            return outcome;
        range = {range.start + piece.size(), range.size - piece.size()};
    }
    return success();
}

}  // namespace kho
