// SPDX-License-Identifier: GPL-2.0-or-later
// Names in fixed-size fields of the wire format.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace guest {

// The name without its NUL; nothing if it is empty or has no end.
template <std::size_t size>
constexpr std::optional<std::string_view> terminated(const char (&field)[size]) {
    std::size_t length = 0;
    while (length < size && field[length] != '\0') length++;
    if (length == 0 || length == size)
        return std::nullopt;
    return std::string_view(field, length);
}

}  // namespace guest
