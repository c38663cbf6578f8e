// SPDX-License-Identifier: GPL-2.0-or-later
// How amounts of memory appear to people.
#pragma once

#include <cstdint>
#include <string>

namespace kho {

// "1 byte", "4 KiB", "25.3 MiB": exact where it is a whole number of a unit, else three digits.
std::string size_text(std::uint64_t bytes);

}  // namespace kho
