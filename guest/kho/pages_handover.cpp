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

Errno Pages::unpreserve(PhysAddr folio) { return turn(folio, preserved, used); }

Errno Pages::claim(PhysAddr block) {
    if (is_head(block, claimed) || is_head(block, entered))
        return Errno::ebusy;
    return turn(block, incoming, claimed);
}

Errno Pages::claim_page(PhysAddr page) {
    const Result<PhysAddr> block = block_of(page);
    if (!block || !is_incoming(*block))
        return Errno::einval;
    if (page == *block)
        return is_head(page, entered) ? turn(page, entered, claimed) : claim(page);
    std::uint8_t &state = map_[pfn(page)];
    if (state == taken_tail)
        return Errno::ebusy;
    state = taken_tail;
    return is_head(*block, incoming) ? turn(*block, incoming, entered) : Errno::ok;
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
    if (order <= largest_order_)
        set_folio(frame, order, used);
    else
        set(frame, count, used);
    return Errno::ok;
}

Errno Pages::retire(PhysAddr block) {
    if (!is_incoming(block))
        return Errno::einval;
    const std::uint64_t frame = pfn(block);
    const std::uint64_t count = std::uint64_t{1} << (map_[frame] & order_mask);
    counts_.incoming -= count;
    set(frame, count, reserved);
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
