// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/base/internal/size_text.h"

#include <cstdio>
#include <iterator>

namespace kho {

std::string size_text(std::uint64_t bytes) {
    if (bytes < 1024)
        return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
    constexpr const char *units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    std::size_t unit = 0;
    double number = static_cast<double>(bytes) / 1024;
    // Rounding to three digits must not give "1024 KiB".
    while (number >= 1023.5 && unit + 1 < std::size(units)) {
        number /= 1024;
        unit++;
    }
    const std::uint64_t whole = std::uint64_t{1} << (10 * (unit + 1));
    char text[32];
    if (bytes % whole == 0)
        std::snprintf(text, sizeof text, "%llu %s", static_cast<unsigned long long>(bytes / whole),
                      units[unit]);
    else
        std::snprintf(text, sizeof text, "%.*f %s",
                      number >= 99.95   ? 0
                      : number >= 9.995 ? 1
                                        : 2,
                      number, units[unit]);
    return text;
}

std::string wrapped(std::string_view text, std::size_t room, std::size_t indent) {
    std::string result;
    while (text.size() > room) {
        std::size_t cut = text.rfind(' ', room);
        if (cut == text.npos || cut == 0)
            cut = text.find(' ', room);
        if (cut == text.npos)
            break;
        result.append(text.substr(0, cut)).append(1, '\n').append(indent, ' ');
        text.remove_prefix(cut + 1);
    }
    return result.append(text);
}

}  // namespace kho
