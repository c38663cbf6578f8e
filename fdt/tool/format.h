// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers and foreign strings as people read them. Strings that come out of a handover are printed through
// printable() and in_quotes() of fdt/base/internal/text.h only: they may hold what a terminal obeys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fdt/base/internal/size_text.h"
#include "fdt/base/internal/text.h"
#include "fdt/base/ranges.h"

namespace kho::tool {

using kho::size_text;

// "1 file", "2 files"; the plural of words in -y too: "1 entry", "2 entries".
std::string counted(std::uint64_t count, std::string_view word);

// Whether `given` on a command line is this name out of a handover: as it is, or as it is printed.
inline bool is_named(std::string_view name, std::string_view given) {
    return name == given || printable(name) == given;
}

// "0x1000-0x1fff": both ends belong to it, as in /proc/iomem. "empty at 0x1000" if nothing does.
std::string range_text(const Range &range);

// "write, grow"; "none"; bits without a name as a number.
std::string seals_text(std::uint32_t seals);

}  // namespace kho::tool
