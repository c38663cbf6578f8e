// SPDX-License-Identifier: GPL-2.0-or-later
// Bytes that may lie anywhere, with holes between, compared at the speed of memcmp.
#pragma once

#include <span>
#include <variant>
#include <vector>

#include "fdt/view/file_content.h"

namespace kho {

struct ContentDifference {
    std::uint64_t first = 0;          // offset of the first differing byte
    std::uint64_t bytes = 0;          // that differ; 0: none
    std::uint64_t compared = 0;       // bytes, holes included
    std::uint64_t range_count = 0;    // stretches of differing bytes
    std::vector<FileRange> ranges{};  // the first of them

    bool operator==(const ContentDifference &) const = default;
};

// Differing bytes with fewer equal ones between them count as one stretch.
inline constexpr std::uint64_t diff_gap = 64;

// One side: `extents` as file_extents() makes them; zeroes between.
struct ContentSide {
    const Memory &memory;
    std::span<const FileExtent> extents;
};

// What could not be read, and of which side.
struct ContentError {
    bool second = false;
    Error error{};
};

// The first `size` bytes. Takes the time of the extents, not of the holes, and 512 KiB of memory.
Result<ContentDifference, ContentError> compare_content(const ContentSide &a, const ContentSide &b,
                                                        std::uint64_t size, std::size_t max_ranges);

}  // namespace kho
