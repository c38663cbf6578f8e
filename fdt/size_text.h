// SPDX-License-Identifier: GPL-2.0-or-later
// How amounts of memory appear to people.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace kho {

// "0", "512 B", "12 KiB", "1.5 GiB", "8.0 EiB": exact where there is no point in it.
inline std::string size_text(std::uint64_t bytes) {
    constexpr std::array<const char *, 7> units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    if (bytes == 0)
        return "0";
    std::size_t unit = 0;
    std::uint64_t whole = bytes, rest = 0;
    while (whole >= 1024) {
        rest = (rest != 0 ? 1U : 0U) | (whole & 1023);
        whole >>= 10;
        unit++;
    }
    std::string text = std::to_string(whole);
    if (rest != 0)
        text += "." + std::to_string((rest & 1023) * 10 / 1024);
    return text + " " + units[unit];
}

}  // namespace kho
