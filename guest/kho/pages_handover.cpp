// SPDX-License-Identifier: GPL-2.0-or-later
// Pages on their way from one kernel to the next: preserved in the old one, incoming in the new one.
#include <algorithm>

#include "guest/kho/pages.h"

namespace guest {

using kho::PhysAddr;

void Pages::note_preserved(std::uint64_t frame, std::uint64_t count) {
    first_preserved_ = std::min(first_preserved_, frame);
    end_preserved_ = std::max(end_preserved_, frame + count);
}

Errno Pages::turn(PhysAddr folio, std::uint8_t from, std::uint8_t to) {
    if (!is_head(folio, from))
        return Errno::einval;
    std::uint8_t &state = map_[pfn(folio)];
    const std::uint64_t count = std::uint64_t{1} << (state & order_mask);
    count_of(from) -= count;
    count_of(to) += count;
    state = static_cast<std::uint8_t>(to | (state & order_mask));
    return Errno::ok;
}

Errno Pages::preserve(PhysAddr folio) {
    const Errno error = turn(folio, used, preserved);
    if (error == Errno::ok)
        note_preserved(pfn(folio), std::uint64_t{1} << (map_[pfn(folio)] & order_mask));
    return error;
}

Errno Pages::unpreserve(PhysAddr folio) {
    // Blocks of runs can be larger than any folio.
    if (is_head(folio, preserved) && (map_[pfn(folio)] & order_mask) > kho::max_order)
        return Errno::einval;
    return turn(folio, preserved, used);
}

namespace {

// The largest naturally aligned block at `frame` within `left` frames.
unsigned block_order(std::uint64_t frame, std::uint64_t left) {
    const unsigned fits = 63 - static_cast<unsigned>(__builtin_clzll(left));
    const unsigned aligned = frame == 0 ? 63 : static_cast<unsigned>(__builtin_ctzll(frame));
    return std::min({fits, aligned, kho::max_block_order});
}

}  // namespace

Errno Pages::preserve_run(PhysAddr start, std::uint64_t pages) {
    if (pages == 0 || !in_map(start) || pages > frames_ - pfn(start) || !all(pfn(start), pages, used))
        return Errno::einval;
    std::uint64_t frame = pfn(start);
    note_preserved(frame, pages);
    for (std::uint64_t left = pages; left > 0;) {
        const unsigned order = block_order(frame, left);
        set_folio(frame, order, preserved);
        frame += std::uint64_t{1} << order;
        left -= std::uint64_t{1} << order;
    }
    counts_.used -= pages;
    counts_.preserved += pages;
    return Errno::ok;
}

Errno Pages::unpreserve_run(PhysAddr start, std::uint64_t pages) {
    if (pages == 0 || !in_map(start) || pages > frames_ - pfn(start))
        return Errno::einval;
    std::uint64_t frame = pfn(start);
    for (std::uint64_t left = pages; left > 0;) {
        const unsigned order = block_order(frame, left);
        if (map_[frame] != (preserved | order))
            return Errno::einval;
        frame += std::uint64_t{1} << order;
        left -= std::uint64_t{1} << order;
    }
    set(pfn(start), pages, used);
    counts_.preserved -= pages;
    counts_.used += pages;
    return Errno::ok;
}

Errno Pages::claim(PhysAddr block) {
    if (is_head(block, claimed))
        return Errno::ebusy;
    return turn(block, incoming, claimed);
}

Errno Pages::adopt(PhysAddr block, unsigned order) {
    if (const Errno error = add_incoming(block, order); error != Errno::ok)
        return error;
    return claim(block);
}

Errno Pages::restore(PhysAddr block) {
    if (!is_incoming(block))
        return Errno::einval;
    const std::uint64_t frame = pfn(block);
    const unsigned order = map_[frame] & order_mask;
    const std::uint64_t count = std::uint64_t{1} << order;
    counts_.incoming -= count;
    counts_.used += count;
    if (order <= kho::max_order)
        map_[frame] = static_cast<std::uint8_t>(used | order);
    else
        set(frame, count, used);
    return Errno::ok;
}

Errno Pages::add_incoming(PhysAddr start, unsigned order) {
    if (order > kho::max_block_order || !kho::is_aligned(kho::value(start), kho::order_bytes(order)))
        return Errno::einval;
    const std::uint64_t frame = pfn(start), count = std::uint64_t{1} << order;
    if (frame >= frames_ || count > frames_ - frame)
        return Errno::einval;
    if (!all(frame, count, free_page)) {
        for (std::uint64_t f = frame; f < frame + count; f++) {
            if (map_[f] == free_page)
                continue;
            if (map_[f] == absent)
                return Errno::einval;
            return map_[f] == scratch || map_[f] == reserved ? Errno::ebusy : Errno::eexist;
        }
    }
    set_folio(frame, order, incoming);
    counts_.free -= count;
    counts_.incoming += count;
    return Errno::ok;
}

}  // namespace guest
