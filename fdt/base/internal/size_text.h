// SPDX-License-Identifier: GPL-2.0-or-later
// How amounts of memory appear to people.
#pragma once

#include <cstdint>
#include <string>

namespace kho {

// "1 byte", "4 KiB", "25.3 MiB": exact where it is a whole number of a unit, else three digits.
std::string size_text(std::uint64_t bytes);

// Text in lines of at most `room` characters, broken between words where it has any; every line but the first is indented.
std::string wrapped(std::string_view text, std::size_t room, std::size_t indent);

}  // namespace kho
