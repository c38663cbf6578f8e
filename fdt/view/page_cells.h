// SPDX-License-Identifier: GPL-2.0-or-later
// A page map cut into so few cells that people can look at them, however large the memory is.
#pragma once

#include <optional>
#include <vector>

#include "fdt/view/page_map.h"

namespace kho {

// To scale: rows of equal length, of so many cells each. Rows in which nothing is are left out.
struct Overview {
    struct Row {
        PhysAddr start{};
        std::vector<PageCounts> cells{};
    };
    std::size_t columns = 0;
    std::uint64_t cell_bytes = 0;  // a power of two
    std::vector<Row> rows{};

    std::uint64_t row_bytes() const { return cell_bytes * columns; }
};

// `columns` is a power of two. A row is as short as lets at most `max_rows` of them hold everything.
Overview make_overview(const PageMap &map, std::size_t columns, std::size_t max_rows);

// In detail: what is alike is one item whatever its size, so that gaps take no room.
struct DetailItem {
    Range range{};
    bool uniform = true;
    Stretch stretch{};    // uniform: what all of it is
    PageCounts counts{};  // by kind; the rest of the range is nothing
};

struct Detail {
    std::uint64_t cell_bytes = page_size;  // a mixed item is one cell long. A power of two
    std::vector<DetailItem> items{};       // ascending
};

// Cells are as small as lets at most `max_items` items hold everything.
Detail make_detail(const PageMap &map, std::size_t max_items);

// The kind that a cell is shown as if only one can be shown: the last of PageKind's order that occurs.
// Nothing in an empty cell.
std::optional<PageKind> most_telling(const PageCounts &counts);

}  // namespace kho
