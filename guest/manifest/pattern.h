// SPDX-License-Identifier: GPL-2.0-or-later
// What the files hold. The 64-bit word at byte 8*i of a file is seed + i * content_step, little-endian,
// unless it lies in a hole; the bytes behind the end are zero. As in the payload's files
// (guest/payload/content.h). Freestanding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "guest/manifest/reader.h"

namespace agent {

inline constexpr std::uint64_t content_step = 0x9e3779b97f4a7c15;
inline constexpr std::uint64_t content_page = 4096;

// Pages after which a layout repeats itself.
inline constexpr std::uint64_t layout_period = 24;

constexpr bool has_page(Layout layout, std::uint64_t page) {
    switch (layout) {
        case Layout::full:
            return true;
        case Layout::holes:
            return page % layout_period / 8 == 1;
        default:
            return false;
    }
}

constexpr std::uint64_t content_word(std::uint64_t seed, Layout layout, std::uint64_t offset) {
    return has_page(layout, offset / content_page) ? seed + offset / 8 * content_step : 0;
}

// The bytes of a file from `offset` on, which is a multiple of 8.
inline void make_content(std::span<std::byte> to, std::uint64_t seed, Layout layout, std::uint64_t offset) {
    for (std::size_t i = 0; i < to.size(); i += 8) {
        const std::uint64_t word = content_word(seed, layout, offset + i);
        const std::size_t bytes = to.size() - i < 8 ? to.size() - i : 8;
        for (std::size_t b = 0; b < bytes; b++) to[i + b] = static_cast<std::byte>(word >> b * 8);
    }
}

}  // namespace agent
