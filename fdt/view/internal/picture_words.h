// SPDX-License-Identifier: GPL-2.0-or-later
// What both forms of a picture of memory say in words. Internal to map_svg and map_text.
#pragma once

#include <map>

#include "fdt/view/page_cells.h"

namespace kho {

// "3 pages file contents, 1 page free RAM"
std::string pages_text(const PageCounts &counts);

// What a stretch is for: the path of its use, for file contents with the token; "" if there is none.
std::string use_text(const Handover &handover, const Stretch &stretch);

// Whose content it is, in few letters: "vm:0x1"; "" if it has no owner.
std::string owner_text(const Handover &handover, const Stretch &stretch);

// "0x1000 to 0x3fff, 12 KiB: 3 pages file contents, order 0, /LUO/..."
std::string item_text(const Handover &handover, const DetailItem &item);

struct OrderTotal {
    std::uint64_t blocks = 0;
    std::uint64_t bytes = 0;
};
std::map<std::uint32_t, OrderTotal> totals_by_order(const Handover &handover);

}  // namespace kho
