// SPDX-License-Identifier: GPL-2.0-or-later
// How numbers and foreign strings appear in messages.
#pragma once

#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace kho {

inline std::string hex(std::uint64_t number) {
    char text[19];
    const int length = std::snprintf(text, sizeof text, "0x%" PRIx64, number);
    return {text, static_cast<std::size_t>(length)};
}

// Bytes of another writer: a message stays one readable line whatever they are.
inline std::string printable(std::string_view bytes) {
    constexpr std::size_t longest = 64;
    std::string text;
    for (const char c : bytes.substr(0, longest)) {
        if (c >= ' ' && c <= '~' && c != '"' && c != '\\') {
            text += c;
            continue;
        }
        char escape[5];
        std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
        text += escape;
    }
    return bytes.size() > longest ? text + "..." : text;
}

inline std::string in_quotes(std::string_view bytes) { return '"' + printable(bytes) + '"'; }

}  // namespace kho
