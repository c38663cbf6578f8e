// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/view/page_cells.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace kho {
namespace {

void add(PageCounts &to, const PageCounts &counts) {
    for (std::size_t kind = 0; kind < page_kinds; kind++) to[kind] += counts[kind];
}

// The numbers of the rows that hold something. Rows get longer as soon as there are too many of them.
class RowFinder {
public:
    RowFinder(unsigned shift, std::size_t max_rows) : shift_(shift), max_rows_(max_rows) {}

    void add(const Range &range) {
        for (;;) {
            const std::uint64_t first = value(range.start) >> shift_;
            const std::uint64_t last = (value(range.end()) - 1) >> shift_;
            const std::uint64_t from = rows_.empty() ? first : std::max(first, rows_.back() + 1);
            if (from > last)
                return;
            if (last - from < max_rows_ - rows_.size()) {
                for (std::uint64_t row = from; row <= last; row++) rows_.push_back(row);
                return;
            }
            shift_++;
            for (std::uint64_t &row : rows_) row >>= 1;
            rows_.erase(std::unique(rows_.begin(), rows_.end()), rows_.end());
        }
    }

    unsigned shift() const { return shift_; }
    const std::vector<std::uint64_t> &rows() const { return rows_; }

private:
    unsigned shift_;
    std::size_t max_rows_;
    std::vector<std::uint64_t> rows_;
};

// Takes stretches in ascending order, and makes items of them.
class DetailBuilder {
public:
    DetailBuilder(std::size_t max_items) : max_items_(max_items) {}

    void add(const Stretch &stretch) {
        DetailItem item{.range = stretch.range, .stretch = stretch};
        item.counts[static_cast<std::size_t>(stretch.kind)] = stretch.range.size / page_size;
        feed(item);
        while (items_.size() > max_items_) coarsen();
    }

    Detail finish() {
        flush();
        while (items_.size() > max_items_) coarsen();
        return {.cell_bytes = std::uint64_t{1} << shift_, .items = std::move(items_)};
    }

private:
    std::uint64_t cell_of(PhysAddr address) const { return value(address) >> shift_; }

    void feed(const DetailItem &item) {
        if (!item.uniform)
            return put_aside(item);  // one smaller cell: never more than a part of one of today's
        Range rest = item.range;
        while (!rest.empty()) {
            const std::uint64_t cell = std::uint64_t{1} << shift_;
            const std::uint64_t in_cell = value(rest.start) & (cell - 1);
            const bool whole = in_cell == 0 && rest.size >= cell;
            const std::uint64_t size =
                whole ? align_down(rest.size, cell) : std::min(rest.size, cell - in_cell);
            DetailItem piece{.range = {rest.start, size}, .stretch = item.stretch};
            piece.stretch.range = piece.range;
            piece.counts[static_cast<std::size_t>(item.stretch.kind)] = size / page_size;
            if (whole) {
                flush();
                push(piece);
            } else {
                put_aside(piece);
            }
            rest = {rest.start + size, rest.size - size};
        }
    }

    // A part of a cell waits for the other parts.
    void put_aside(const DetailItem &piece) {
        if (open_ && cell_of(open_->range.start) != cell_of(piece.range.start))
            flush();
        if (!open_) {
            open_ = piece;
            return;
        }
        const bool adjacent = open_->range.end() == piece.range.start;
        open_->uniform = open_->uniform && piece.uniform && adjacent && open_->stretch.same(piece.stretch);
        open_->range.size = piece.range.end() - open_->range.start;
        kho::add(open_->counts, piece.counts);
    }

    void flush() {
        if (open_)
            push(*std::exchange(open_, std::nullopt));
    }

    void push(const DetailItem &item) {
        if (!items_.empty()) {
            DetailItem &last = items_.back();
            if (last.uniform && item.uniform && last.range.end() == item.range.start &&
                last.stretch.same(item.stretch)) {
                last.range.size += item.range.size;
                kho::add(last.counts, item.counts);
                return;
            }
        }
        items_.push_back(item);
    }

    void coarsen() {
        flush();
        const std::vector<DetailItem> items = std::exchange(items_, {});
        shift_++;
        for (const DetailItem &item : items) feed(item);
        // The last cell may go on: it stays aside.
    }

    std::size_t max_items_;
    unsigned shift_ = page_shift;
    std::vector<DetailItem> items_;
    std::optional<DetailItem> open_;
};

}  // namespace

Overview make_overview(const PageMap &map, std::size_t columns, std::size_t max_rows) {
    const auto column_shift = static_cast<unsigned>(std::countr_zero(columns));
    RowFinder finder(page_shift + column_shift, max_rows);
    map.for_each([&](const Stretch &stretch) { finder.add(stretch.range); });

    const unsigned cell_shift = finder.shift() - column_shift;
    Overview overview{.columns = columns, .cell_bytes = std::uint64_t{1} << cell_shift};
    for (const std::uint64_t row : finder.rows())
        overview.rows.push_back(
            {.start = PhysAddr{row << finder.shift()}, .cells = std::vector<PageCounts>(columns)});
    auto row = overview.rows.begin();
    map.for_each([&](const Stretch &stretch) {
        for (Range rest = stretch.range; !rest.empty();) {
            while (value(row->start) >> finder.shift() != value(rest.start) >> finder.shift()) ++row;
            const std::uint64_t in_row = rest.start - row->start;
            const std::uint64_t size =
                std::min(rest.size, overview.cell_bytes - in_row % overview.cell_bytes);
            row->cells[in_row >> cell_shift][static_cast<std::size_t>(stretch.kind)] += size / page_size;
            rest = {rest.start + size, rest.size - size};
        }
    });
    return overview;
}

Detail make_detail(const PageMap &map, std::size_t max_items) {
    DetailBuilder builder(max_items);
    map.for_each([&](const Stretch &stretch) { builder.add(stretch); });
    return builder.finish();
}

std::optional<PageKind> most_telling(const PageCounts &counts) {
    for (std::size_t kind = page_kinds; kind-- > 0;)
        if (counts[kind] != 0)
            return static_cast<PageKind>(kind);
    return std::nullopt;
}

}  // namespace kho
