// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <bit>
#include <cstdio>

#include "fdt/base/internal/size_text.h"
#include "fdt/base/internal/text.h"
#include "fdt/view/internal/picture_words.h"
#include "fdt/view/picture.h"

namespace kho {
namespace {

struct Glyph {
    const char *ascii;
    const char *utf8;
    const char *color;  // parameters of the escape sequence
};
constexpr Glyph glyphs[page_kinds] = {
    {".", "\u00b7", "2"},  {"s", "\u2591", "33"}, {"p", "\u2592", "36"}, {"P", "\u2593", "94"},
    {"H", "\u2588", "34"}, {"C", "C", "32"},      {"R", "R", "35"},      {"A", "A", "93"},
    {"M", "M", "31"},      {"!", "!", "97;41"},
};

class Drawing {
public:
    Drawing(const PageMap &map, const MapTextOptions &options) : map_(map), options_(options) {}

    void draw_rows();
    void draw_totals();
    std::size_t narrower() const;
    void draw_orders();
    void draw_detail();
    void line(std::string_view text) { (out_ += text) += '\n'; }
    std::string take() { return std::move(out_); }

private:
    void glyph(std::optional<PageKind> kind) { glyphs_of(kind, 1); }
    void glyphs_of(std::optional<PageKind> kind, std::size_t count) {
        if (!kind) {
            out_.append(count, ' ');
            return;
        }
        const Glyph &look = glyphs[static_cast<std::size_t>(*kind)];
        if (options_.color)
            ((out_ += "\033[") += look.color) += 'm';
        for (std::size_t i = 0; i < count; i++) out_ += options_.utf8 ? look.utf8 : look.ascii;
        if (options_.color)
            out_ += "\033[0m";
    }

    const PageMap &map_;
    const MapTextOptions &options_;
    std::string out_;
};

std::string padded(std::string text, std::size_t width, bool right = true) {
    if (text.size() >= width)
        return text;
    return right ? std::string(width - text.size(), ' ') + text
                 : text + std::string(width - text.size(), ' ');
}

void Drawing::draw_rows() {
    constexpr std::size_t label = 18, max_rows = 32;
    const std::size_t room = std::max<std::size_t>(options_.width, label + 3 + 8) - label - 3;
    const std::size_t columns = std::bit_floor(std::min<std::size_t>(room, 256));
    const Overview overview = make_overview(map_, columns, max_rows);
    if (overview.rows.empty())
        return;
    line(wrapped(size_text(overview.row_bytes()) + " a row, " + size_text(overview.cell_bytes) +
                     " a letter: the most telling of what is there",
                 options_.width, 2));
    const char *const edge = options_.utf8 ? "\u2502" : "|";
    std::vector<std::optional<PageKind>> before, now;
    bool repeated = false;
    const Overview::Row *previous = nullptr;
    for (const Overview::Row &row : overview.rows) {
        const bool adjacent = previous != nullptr && row.start - previous->start == overview.row_bytes();
        if (previous != nullptr && !adjacent)
            line(padded("...", label));
        now.clear();
        for (const PageCounts &cell : row.cells) now.push_back(most_telling(cell));
        // As hexdump does: what looks the same as the row above is not repeated.
        const bool same = adjacent && now == before;
        if (same && !repeated)
            line(padded("*", label));
        repeated = same;
        previous = &row;
        before = now;
        if (same && &row != &overview.rows.back())
            continue;
        ((out_ += padded(hex(value(row.start)), label)) += ' ') += edge;
        for (std::size_t first = 0; first < now.size();) {
            std::size_t last = first + 1;
            while (last < now.size() && now[last] == now[first]) last++;
            glyphs_of(now[first], last - first);
            first = last;
        }
        line(edge);
    }
    line("");
}

// How many blanks a table gives up where a line has no room for all 67 characters.
std::size_t Drawing::narrower() const {
    constexpr std::size_t table = 67, blanks = 7;
    return options_.width >= table ? 0 : std::min<std::size_t>(table - options_.width, blanks);
}

void Drawing::draw_totals() {
    const PageCounts counts = map_.count();
    for (std::size_t kind = 0; kind < page_kinds; kind++) {
        const auto page_kind = static_cast<PageKind>(kind);
        const bool unknown = page_kind == PageKind::free && !map_.ram_known();
        if (counts[kind] == 0 && !unknown)
            continue;
        out_ += "  ";
        glyph(page_kind);
        out_ += "  " + padded(name(page_kind), 30, false);
        if (unknown)
            line(padded("not known", 12));
        else
            line(padded(size_text(counts[kind] * page_size), 12) +
                 padded(std::to_string(counts[kind]), 13 - narrower()) +
                 (counts[kind] == 1 ? " page" : " pages"));
    }
}

void Drawing::draw_orders() {
    const auto totals = totals_by_order(map_.handover());
    if (totals.empty())
        return;
    line("");
    line("preserved blocks by order");
    for (const auto &[order, total] : totals)
        line("  " + padded(std::to_string(order), 3) + padded(size_text(total.bytes), 42 - narrower()) +
             padded(std::to_string(total.blocks), 13) + (total.blocks == 1 ? " block" : " blocks"));
}

void Drawing::draw_detail() {
    line("");
    map_.for_each([&](const Stretch &stretch) {
        out_ += padded(hex(value(stretch.range.start)), 18) + "-" +
                padded(hex(value(stretch.range.end()) - 1), 18, false) + " " +
                padded(size_text(stretch.range.size), 10) + "  ";
        glyph(stretch.kind);
        out_ += "  ";
        out_ += name(stretch.kind);
        if (stretch.order != Stretch::not_preserved && stretch.order != 0)
            out_ += ", order " + std::to_string(stretch.order);
        if (const std::string use = use_text(map_.handover(), stretch); !use.empty())
            out_ += ", " + use;
        out_ += '\n';
    });
}

}  // namespace

std::string map_text(const PageMap &map, const MapCaption &caption, const MapTextOptions &options) {
    Drawing drawing(map, options);
    const auto plain = [](const std::string &text) {
        std::string result;
        for (const char c : text) result += c >= ' ' && c <= '~' ? c : '?';
        return result;
    };
    drawing.line(plain(caption.title));
    for (const std::string &line : caption.lines) drawing.line(wrapped(plain(line), options.width, 2));
    drawing.line("");
    drawing.draw_rows();
    drawing.draw_totals();
    drawing.draw_orders();
    if (options.detail)
        drawing.draw_detail();
    return drawing.take();
}

}  // namespace kho
