// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdarg>
#include <cstdio>

#include "fdt/base/internal/size_text.h"
#include "fdt/base/internal/text.h"
#include "fdt/view/internal/picture_words.h"
#include "fdt/view/picture.h"

namespace kho {
namespace {

// Pixels.
constexpr int left = 140, drawing_width = 1024, width = left + drawing_width + 20;
constexpr int column_width = 4, row_height = 24, overview_step = 30;
constexpr int detail_step = 34, unit = 9, gap_width = 14;
constexpr std::size_t columns = drawing_width / column_width;
constexpr std::size_t max_rows = 18, max_items = 900;
static_assert(std::has_single_bit(columns));

// Hues that colour-blind people can tell apart (Okabe and Ito); printed in grey, lightness and patterns tell.
struct Look {
    const char *id;
    const char *fill;
    const char *pattern;  // drawn over the fill, in a tile of 6 by 6; empty: none
};
constexpr Look looks[page_kinds] = {
    {"free", "#f4f4f4", ""},
    {"scratch", "#fbf3b5", "<path d='M-1 5l2 2M0 0l6 6M5-1l2 2' stroke='#a89b2f' stroke-width='.8'/>"},
    {"preserved-small", "#b7dcf2", ""},
    {"preserved", "#56b4e9", ""},
    {"preserved-huge", "#0072b2", ""},
    {"content", "#009e73", "<circle cx='3' cy='3' r='.9' fill='#fff'/>"},
    {"reservation", "#cc79a7", "<path d='M0 0l6 6M6 0L0 6' stroke='#7a2f57' stroke-width='.8'/>"},
    {"array", "#e69f00",
     "<circle cx='1.5' cy='1.5' r='1' fill='#000'/><circle cx='4.5' cy='4.5' r='1' fill='#000'/>"},
    {"metadata", "#d55e00", "<path d='M3 0v6' stroke='#5a2700' stroke-width='1.2'/>"},
    {"conflict", "#000", "<path d='M0 0l6 6M6 0L0 6' stroke='#fff' stroke-width='1'/>"},
};

// For XML text and attributes. What is not printable ASCII is escaped before as in messages.
std::string xml(std::string_view text) {
    std::string result;
    for (const char c : text) {
        switch (c) {
            case '&':
                result += "&amp;";
                break;
            case '<':
                result += "&lt;";
                break;
            case '>':
                result += "&gt;";
                break;
            case '"':
                result += "&quot;";
                break;
            case '\'':
                result += "&apos;";
                break;
            default:
                result += c >= ' ' && c <= '~' ? c : '?';
        }
    }
    return result;
}

// The parts of a column, bottom up from the most telling kind: by share, but none that occurs is invisible.
struct Column {
    int height[page_kinds] = {};
    bool operator==(const Column &) const = default;
};

Column make_column(const PageCounts &counts, std::uint64_t cell_pages) {
    constexpr int at_least = 2;
    Column column;
    int sum = 0;
    std::uint64_t covered = 0;
    for (std::size_t kind = 0; kind < page_kinds; kind++) {
        if (counts[kind] == 0)
            continue;
        covered += counts[kind];
        const double share = static_cast<double>(counts[kind]) / static_cast<double>(cell_pages);
        column.height[kind] = std::max(at_least, static_cast<int>(std::lround(share * row_height)));
        sum += column.height[kind];
    }
    const bool full = covered == cell_pages;
    while (sum > row_height || (full && sum < row_height)) {
        int &largest = *std::max_element(column.height, column.height + page_kinds);
        largest += sum > row_height ? -1 : 1;
        sum += sum > row_height ? -1 : 1;
    }
    return column;
}

class Svg {
public:
    Svg(const PageMap &map, const MapCaption &caption) : map_(map), caption_(caption) {}

    std::string draw() {
        // One walk less than PageMap::count().
        overview_ = make_overview(map_, columns, max_rows);
        for (const Overview::Row &row : overview_.rows)
            for (const PageCounts &cell : row.cells)
                for (std::size_t kind = 0; kind < page_kinds; kind++) counts_[kind] += cell[kind];
        y_ = 34;
        draw_caption();
        draw_legend();
        draw_overview();
        draw_detail();
        draw_orders();
        return head() + body_ + "</svg>\n";
    }

private:
    [[gnu::format(printf, 2, 3)]] void put(const char *format, ...) {
        char text[512];
        va_list arguments;
        va_start(arguments, format);
        const int length = std::vsnprintf(text, sizeof text, format, arguments);
        va_end(arguments);
        body_.append(text, std::min<std::size_t>(static_cast<std::size_t>(length), sizeof text - 1));
    }

    void text(int x, int y, const char *style, std::string_view words) {
        put("<text x='%d' y='%d' class='%s'>", x, y, style);
        body_ += xml(words) + "</text>\n";
    }

    void section(std::string_view heading, std::string_view explanation) {
        y_ += 34;
        text(20, y_, "h", heading);
        y_ += 17;
        text(20, y_, "e", explanation);
        y_ += 12;
    }

    std::string head() const;
    void draw_caption();
    void draw_legend();
    void draw_overview();
    void draw_overview_row(const Overview::Row &row, const std::vector<Column> &drawn);
    void draw_detail();
    void draw_item(const DetailItem &item, int x, int item_width);
    void draw_orders();

    const PageMap &map_;
    const MapCaption &caption_;
    Overview overview_{};
    PageCounts counts_{};
    std::string body_;
    int y_ = 0;
};

std::string Svg::head() const {
    std::string head =
        "<?xml version='1.0' encoding='UTF-8'?>\n<svg xmlns='http://www.w3.org/2000/svg' width='" +
        std::to_string(width) + "' height='" + std::to_string(y_ + 24) + "' viewBox='0 0 " +
        std::to_string(width) + " " + std::to_string(y_ + 24) + "' role='img'>\n<title>" +
        xml(caption_.title) + "</title>\n";
    head +=
        "<style>text{font-family:'DejaVu Sans',Verdana,sans-serif;font-size:12px;fill:#111}"
        ".t{font-size:19px;font-weight:bold}.h{font-size:15px;font-weight:bold}.e{font-size:11px;fill:#444}"
        ".a{font-family:'DejaVu Sans Mono',monospace;font-size:11px;text-anchor:end}"
        ".n{text-anchor:end}.m{text-anchor:middle}"
        ".l{font-size:10px;text-anchor:middle;stroke:#fff;stroke-width:3px;paint-order:stroke}"
        ".b{stroke:#555;stroke-width:.5}.f{fill:none;stroke:#888;stroke-width:1}";
    for (const Look &look : looks) {
        head += ".";
        head += look.id;
        head += look.pattern[0] != '\0' ? std::string("{fill:url(#p-") + look.id + ")}"
                                        : std::string("{fill:") + look.fill + "}";
    }
    head += "</style>\n<defs>\n";
    for (const Look &look : looks)
        if (look.pattern[0] != '\0')
            head += std::string("<pattern id='p-") + look.id +
                    "' width='6' height='6' patternUnits='userSpaceOnUse'><rect width='6' height='6' fill='" +
                    look.fill + "'/>" + look.pattern + "</pattern>\n";
    head += "</defs>\n<rect width='100%' height='100%' fill='#fff'/>\n";
    return head;
}

void Svg::draw_caption() {
    text(20, y_, "t", caption_.title);
    for (const std::string &line : caption_.lines) {
        y_ += 18;
        text(20, y_, "d", line);
    }
}

void Svg::draw_legend() {
    std::uint64_t all = 0;
    for (const std::uint64_t pages : counts_) all += pages;
    section("Totals", map_.ram_known()
                          ? "Each page counts once, as the most telling thing that is said of it."
                          : "What RAM there is, is not known: free memory is neither counted nor drawn.");
    constexpr int rows = page_kinds / 2, step = 22, column = 590;
    for (std::size_t kind = 0; kind < page_kinds; kind++) {
        const std::uint64_t pages = counts_[kind];
        const int x = 20 + static_cast<int>(kind) / rows * column;
        const int y = y_ + static_cast<int>(kind) % rows * step;
        const bool unknown = kind == static_cast<std::size_t>(PageKind::free) && !map_.ram_known();
        put("<g data-kind='%s' data-bytes='%" PRIu64
            "'><rect x='%d' y='%d' width='28' height='16' class='b %s'/>",
            looks[kind].id, pages * page_size, x, y, looks[kind].id);
        text(x + 38, y + 12, "d", name(static_cast<PageKind>(kind)));
        text(x + 330, y + 12, "n", unknown ? "not known" : size_text(pages * page_size));
        if (!unknown) {
            text(x + 450, y + 12, "n", std::to_string(pages) + (pages == 1 ? " page" : " pages"));
            char share[16];
            std::snprintf(share, sizeof share, "%.2f %%",
                          all != 0 ? 100 * static_cast<double>(pages) / static_cast<double>(all) : 0.0);
            text(x + 520, y + 12, "n", share);
        }
        body_ += "</g>\n";
    }
    y_ += rows * step;
}

void Svg::draw_overview_row(const Overview::Row &row, const std::vector<Column> &drawn) {
    PageCounts counts{};
    for (const PageCounts &cell : row.cells)
        for (std::size_t kind = 0; kind < page_kinds; kind++) counts[kind] += cell[kind];
    text(left - 10, y_ + 16, "a", hex(value(row.start)));
    const std::uint64_t last = value(row.start) + (overview_.row_bytes() - 1);
    body_ += "<g><title>" + xml(hex(value(row.start)) + " to " + hex(last) + ": " + pages_text(counts)) +
             "</title>\n";
    for (std::size_t kind = 0; kind < page_kinds; kind++) {
        if (counts[kind] == 0)
            continue;
        put("<path class='%s' d='", looks[kind].id);
        for (std::size_t begin = 0; begin < drawn.size();) {
            std::size_t end = begin + 1;
            while (end < drawn.size() && drawn[end] == drawn[begin]) end++;
            int below = 0;
            for (std::size_t other = kind + 1; other < page_kinds; other++)
                below += drawn[begin].height[other];
            const int height = drawn[begin].height[kind];
            const int across = static_cast<int>(end - begin) * column_width;
            if (height != 0)
                put("M%d %dh%dv%dh-%dz", left + static_cast<int>(begin) * column_width,
                    y_ + row_height - below - height, across, height, across);
            begin = end;
        }
        body_ += "'/>\n";
    }
    put("<rect class='f' x='%d' y='%d' width='%d' height='%d'/></g>\n", left, y_, drawing_width, row_height);
}

void Svg::draw_overview() {
    section("Overview",
            "To scale: a row is " + size_text(overview_.row_bytes()) + ", a column " +
                size_text(overview_.cell_bytes) +
                ". In a column, kinds are stacked by their share, but at least 2 pixels high. White: "
                "nothing. Rows with nothing in them are left out.");
    const auto columns_of = [this](const Overview::Row &row) {
        std::vector<Column> drawn;
        for (const PageCounts &cell : row.cells)
            drawn.push_back(make_column(cell, overview_.cell_bytes / page_size));
        return drawn;
    };
    const std::uint64_t length = overview_.row_bytes();
    const auto &rows = overview_.rows;
    for (std::size_t first = 0; first < rows.size();) {
        if (first != 0 && rows[first].start - rows[first - 1].start != length) {
            put("<path d='M%d %dh%d' stroke='#888' stroke-dasharray='2 4'/>\n", left, y_, drawing_width);
            y_ += 8;
        }
        const std::vector<Column> drawn = columns_of(rows[first]);
        draw_overview_row(rows[first], drawn);
        y_ += overview_step;
        std::size_t last = first + 1;
        while (last < rows.size() && rows[last].start - rows[last - 1].start == length &&
               columns_of(rows[last]) == drawn)
            last++;
        if (const std::size_t more = last - first - 1; more != 0) {
            text(left, y_ + 5, "e",
                 "... and " + std::to_string(more) + (more == 1 ? " row" : " rows") + " alike, up to " +
                     hex(value(rows[last - 1].start) + (length - 1)));
            y_ += 16;
        }
        first = last;
    }
}

// Long stretches take more room, but not much.
int item_units(const DetailItem &item, std::uint64_t cell_bytes) {
    constexpr std::uint64_t to_scale = 4;
    if (!item.uniform)
        return 2;
    const std::uint64_t cells = std::max<std::uint64_t>(1, item.range.size / cell_bytes);
    if (cells <= to_scale)
        return static_cast<int>(cells);
    return static_cast<int>(to_scale + 2 * (std::bit_width(cells) - std::bit_width(to_scale)));
}

void Svg::draw_item(const DetailItem &item, int x, int item_width) {
    body_ += "<g><title>" + xml(item_text(map_.handover(), item)) + "</title>";
    if (item.uniform) {
        const Look &look = looks[static_cast<std::size_t>(item.stretch.kind)];
        put("<rect x='%d' y='%d' width='%d' height='%d' class='b %s'/>", x, y_, item_width, row_height,
            look.id);
        const auto fits = [item_width](const std::string &label) {
            return static_cast<int>(label.size()) * 7 + 4 <= item_width;
        };
        const std::string size = size_text(item.range.size);
        const std::string owner = owner_text(map_.handover(), item.stretch);
        if (const std::string both = owner + " " + size; !owner.empty() && fits(both))
            text(x + item_width / 2, y_ + 16, "l", both);
        else if (!owner.empty() && fits(owner))
            text(x + item_width / 2, y_ + 16, "l", owner);
        else if (fits(size))
            text(x + item_width / 2, y_ + 16, "l", size);
    } else {
        PageCounts counts = item.counts;
        std::uint64_t pages = 0;
        for (const std::uint64_t count : counts) pages += count;
        const Column column = make_column(counts, pages);
        int bottom = y_ + row_height;
        for (std::size_t kind = page_kinds; kind-- > 0;)
            if (column.height[kind] != 0) {
                bottom -= column.height[kind];
                put("<rect x='%d' y='%d' width='%d' height='%d' class='%s'/>", x, bottom, item_width,
                    column.height[kind], looks[kind].id);
            }
        put("<rect x='%d' y='%d' width='%d' height='%d' class='f'/>", x, y_, item_width, row_height);
    }
    body_ += "</g>\n";
}

void Svg::draw_detail() {
    const Detail detail = make_detail(map_, max_items);
    section("Detail",
            "Every stretch of memory that is alike is a box: up to 4 x " + size_text(detail.cell_bytes) +
                " to scale, longer ones by the logarithm of their size. Dots: a gap. Point at a box to "
                "see what it is.");
    if (detail.cell_bytes != page_size) {
        y_ += 4;
        text(20, y_, "e",
             "What changes within " + size_text(detail.cell_bytes) + " is one box, stacked by share.");
        y_ += 12;
    }
    int x = 0;
    const DetailItem *previous = nullptr;
    for (const DetailItem &item : detail.items) {
        const int item_width = item_units(item, detail.cell_bytes) * unit;
        const bool gap = previous != nullptr && previous->range.end() != item.range.start;
        if (x + (gap ? gap_width : 0) + item_width > drawing_width) {
            x = 0;
            y_ += detail_step;
        }
        if (gap && x != 0) {
            put("<path d='M%d %dh%d' stroke='#444' stroke-width='2' stroke-dasharray='2 2'/>\n", left + x + 2,
                y_ + row_height / 2, gap_width - 4);
            x += gap_width;
        }
        if (x == 0)
            text(left - 10, y_ + 16, "a", hex(value(item.range.start)));
        draw_item(item, left + x, item_width);
        x += item_width;
        previous = &item;
    }
    if (previous != nullptr)
        y_ += detail_step;
}

void Svg::draw_orders() {
    const auto totals = totals_by_order(map_.handover());
    section("Preserved blocks by order",
            "All preserved memory, whatever it is used for. A block of order n is 2^n pages.");
    std::uint64_t largest = 1;
    for (const auto &[order, total] : totals) largest = std::max(largest, total.bytes);
    for (const auto &[order, total] : totals) {
        text(left - 10, y_ + 12, "a", "order " + std::to_string(order));
        const auto bar =
            static_cast<int>(500 * (static_cast<double>(total.bytes) / static_cast<double>(largest)));
        put("<rect x='%d' y='%d' width='%d' height='14' class='b %s'/>", left, y_, std::max(bar, 2),
            looks[static_cast<std::size_t>(order == 0  ? PageKind::preserved_small
                                           : order < 9 ? PageKind::preserved
                                                       : PageKind::preserved_huge)]
                .id);
        text(left + std::max(bar, 2) + 10, y_ + 12, "d",
             size_text(total.bytes) + " in " + std::to_string(total.blocks) +
                 (total.blocks == 1 ? " block" : " blocks"));
        y_ += 20;
    }
    if (totals.empty()) {
        text(left, y_ + 12, "d", "none");
        y_ += 20;
    }
}

}  // namespace

std::string map_svg(const PageMap &map, const MapCaption &caption) { return Svg(map, caption).draw(); }

}  // namespace kho
