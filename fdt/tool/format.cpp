// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/tool/format.h"

namespace kho::tool {

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
