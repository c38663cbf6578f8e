// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/tool/format.h"

#include <cstdio>

namespace kho::tool {

std::string size_text(std::uint64_t bytes) {
    if (bytes < 1024)
        return counted(bytes, "byte");
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

std::string counted(std::uint64_t count, std::string_view word) {
    std::string text = std::to_string(count) + ' ' + std::string(word);
    if (count == 1)
        return text;
    if (word.ends_with('y'))
        return text.replace(text.size() - 1, 1, "ies");
    return text + 's';
}

std::string range_text(const Range &range) {
    return range.empty() ? "empty at " + hex(value(range.start))
                         : hex(value(range.start)) + '-' + hex(value(range.end()) - 1);
}

std::string seals_text(std::uint32_t seals) {
    // F_SEAL_*, lowest bit first.
    constexpr std::string_view names[] = {"seal", "shrink", "grow", "write", "future-write", "exec"};
    std::string text;
    for (std::size_t bit = 0; bit < std::size(names); bit++)
        if ((seals >> bit & 1) != 0)
            text += (text.empty() ? "" : ",") + std::string(names[bit]);
    const std::uint32_t unnamed = seals >> std::size(names) << std::size(names);
    if (unnamed != 0)
        text += (text.empty() ? "" : ",") + hex(unnamed);
    return text.empty() ? "none" : text;
}

}  // namespace kho::tool
