// SPDX-License-Identifier: GPL-2.0-or-later
// Physical memory drawn for people: as SVG, and in the letters of a terminal.
#pragma once

#include <string>
#include <vector>

#include "fdt/view/page_map.h"

namespace kho {

// What stands above the picture. Foreign strings may be in it: both forms escape them.
struct MapCaption {
    std::string title{};
    std::vector<std::string> lines{};
};

// An SVG 1.1 document below 1 MB whatever the handover says, well-formed whatever its names are. A legend
// with totals, an overview to scale, every stretch of memory in detail with gaps compressed, and preserved
// blocks by order. Kinds differ in lightness and pattern too, not in hue alone.
//
// For programs: each row of the legend has data-kind and data-bytes, each box of the detail says in its
// <title> how many pages of which kinds it stands for.
std::string map_svg(const PageMap &map, const MapCaption &caption);

struct MapTextOptions {
    unsigned width = 80;  // columns of the terminal
    bool color = false;   // ANSI escapes
    bool utf8 = false;    // shades and lines; ASCII without
    bool detail = false;  // every stretch on a line of its own, too
};

std::string map_text(const PageMap &map, const MapCaption &caption, const MapTextOptions &options);

}  // namespace kho
