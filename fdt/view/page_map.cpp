// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/view/page_map.h"

#include <algorithm>

namespace kho {

const char *name(PageKind kind) {
    switch (kind) {
        case PageKind::free:
            return "free RAM";
        case PageKind::scratch:
            return "scratch";
        case PageKind::preserved_small:
            return "preserved, order 0";
        case PageKind::preserved:
            return "preserved, order 1 to 8";
        case PageKind::preserved_huge:
            return "preserved, order 9 and more";
        case PageKind::content:
            return "file contents";
        case PageKind::reservation:
            return "reserve_mem";
        case PageKind::array:
            return "sessions, files, folio arrays";
        case PageKind::metadata:
            return "FDTs and memory map";
        case PageKind::conflict:
            return "preserved inside scratch";
    }
    return "unknown";
}

namespace {

constexpr std::uint64_t last_page = align_down(UINT64_MAX, page_size);

Range outwards(const Range &range) {
    const std::uint64_t start = align_down(value(range.start), page_size);
    const std::uint64_t end =
        value(range.end()) > last_page ? last_page : align_up(value(range.end()), page_size);
    return {PhysAddr{start}, end > start ? end - start : 0};
}

Range inwards(const Range &range) {
    const std::uint64_t end = align_down(value(range.end()), page_size);
    if (value(range.start) > last_page)
        return {};
    const std::uint64_t start = align_up(value(range.start), page_size);
    return {PhysAddr{start}, end > start ? end - start : 0};
}

PageKind kind_of(UseKind use) {
    switch (use->role) {
        case UseRole::content:
            return PageKind::content;
        case UseRole::reservation:
            return PageKind::reservation;
        case UseRole::array:
            return PageKind::array;
        case UseRole::metadata:
            break;
    }
    return PageKind::metadata;
}

PageKind kind_of_order(std::uint32_t order) {
    if (order == 0)
        return PageKind::preserved_small;
    return order < 9 ? PageKind::preserved : PageKind::preserved_huge;
}

// One list of ranges in ascending order, walked once. Ranges that overlap do no harm.
struct Cursor {
    std::uint64_t start = 0, end = 0;  // the range it stands at
    std::size_t index = 0;
    std::size_t size = 0;
    const Range *ranges = nullptr;  // one of these three
    const PreservedBlocks *blocks = nullptr;
    const Use *uses = nullptr;

    bool at_end() const { return index == size; }
    void load() {
        const Range range = ranges   ? ranges[index]
                            : blocks ? blocks[index].range()
                                     : outwards(uses[index].range);
        start = value(range.start);
        end = value(range.end());
    }
    // To the first range that ends behind `position`.
    void advance(std::uint64_t position) {
        while (end <= position && ++index < size) load();
    }
};

Cursor begin(Cursor cursor) {
    if (!cursor.at_end())
        cursor.load();
    return cursor;
}

}  // namespace

PageMap::PageMap(const Handover &handover, const RangeSet *ram)
    : handover_(handover), ram_known_(ram != nullptr) {
    if (ram != nullptr)
        for (const Range &range : ram->ranges())
            if (const Range whole = inwards(range); !whole.empty())
                ram_.push_back(whole);
    std::vector<Range> areas;
    for (const Range &area : handover.scratch) areas.push_back(outwards(area));
    const RangeSet scratch(std::move(areas));
    scratch_.assign(scratch.ranges().begin(), scratch.ranges().end());
}

void PageMap::for_each(const std::function<void(const Stretch &)> &visit) const {
    Cursor ram = begin({.size = ram_.size(), .ranges = ram_.data()});
    Cursor scratch = begin({.size = scratch_.size(), .ranges = scratch_.data()});
    Cursor uses = begin({.size = handover_.uses.size(), .uses = handover_.uses.data()});
    // One for each order that occurs: each ascends by itself.
    std::vector<Cursor> orders;
    const auto &preserved = handover_.preserved;
    for (std::size_t first = 0; first < preserved.size();) {
        std::size_t last = first + 1;
        while (last < preserved.size() && preserved[last].order == preserved[first].order) last++;
        orders.push_back(begin({.size = last - first, .blocks = preserved.data() + first}));
        first = last;
    }

    Stretch pending;
    const auto emit = [&](const Stretch &stretch) {
        if (pending.range.end() == stretch.range.start && pending.same(stretch)) {
            pending.range.size += stretch.range.size;
            return;
        }
        if (!pending.range.empty())
            visit(pending);
        pending = stretch;
    };

    for (std::uint64_t position = 0;;) {
        std::uint64_t next = UINT64_MAX;
        const auto covers = [&](Cursor &cursor) {
            if (cursor.at_end())
                return false;
            cursor.advance(position);
            if (cursor.at_end())
                return false;
            const bool inside = cursor.start <= position;
            next = std::min(next, inside ? cursor.end : cursor.start);
            return inside;
        };
        const bool is_ram = covers(ram), is_scratch = covers(scratch), is_used = covers(uses);
        const PreservedBlocks *block = nullptr;
        for (Cursor &cursor : orders)
            if (covers(cursor) && block == nullptr)
                block = cursor.blocks + cursor.index;
        if (next == UINT64_MAX)
            break;
        if (is_ram || is_scratch || is_used || block != nullptr) {
            Stretch stretch{.range = {PhysAddr{position}, next - position}};
            if (block != nullptr)
                stretch.order = static_cast<std::uint8_t>(block->order);
            if (is_used)
                stretch.use = static_cast<std::uint32_t>(uses.index);
            if (block != nullptr && is_scratch)
                stretch.kind = PageKind::conflict;
            else if (is_used)
                stretch.kind = kind_of(uses.uses[uses.index].kind);
            else if (block != nullptr)
                stretch.kind = kind_of_order(block->order);
            else if (is_scratch)
                stretch.kind = PageKind::scratch;
            emit(stretch);
        }
        position = next;
    }
    if (!pending.range.empty())
        visit(pending);
}

PageCounts PageMap::count() const {
    PageCounts counts{};
    for_each([&](const Stretch &stretch) {
        counts[static_cast<std::size_t>(stretch.kind)] += stretch.range.size / page_size;
    });
    return counts;
}

}  // namespace kho
