// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/kho/pages.h"

#include <algorithm>

#include "guest/kho/sizes.h"
#include "guest/kho/words.h"

namespace guest {

using kho::page_shift;
using kho::page_size;
using kho::PhysAddr;

namespace {

constexpr std::uint64_t high_frame = (std::uint64_t{1} << 32) >> page_shift;
// No folio below the first MiB: firmware tables and real-mode vectors live there.
constexpr std::uint64_t low_frame = 0x100000 >> page_shift;

constexpr PhysAddr at_frame(std::uint64_t frame) { return PhysAddr{frame << page_shift}; }

constexpr std::uint64_t round_down(std::uint64_t address) { return address >> page_shift; }
constexpr std::uint64_t round_up(std::uint64_t address) { return pages_of(address); }

}  // namespace

Errno Pages::init(PhysicalWindow window, PhysAddr map, std::uint64_t top) {
    std::byte *bytes = window.bytes(map, map_bytes(top));
    if (bytes == nullptr || !kho::is_page_aligned(map))
        return Errno::einval;
    zero_words(bytes, map_bytes(top));
    *this = Pages();
    window_ = window;
    map_ = reinterpret_cast<std::uint8_t *>(bytes);
    frames_ = top >> page_shift;
    for (auto &position : next_[static_cast<unsigned>(Zone::any)]) position = low_frame;
    for (auto &position : next_[static_cast<unsigned>(Zone::high)]) position = high_frame;
    next_run_ = low_frame;
    return Errno::ok;
}

bool Pages::all(std::uint64_t frame, std::uint64_t count, std::uint8_t state) const {
    const std::uint64_t eight = 0x0101010101010101 * state;
    std::uint64_t i = 0;
    for (; i + 8 <= count; i += 8) {
        std::uint64_t word;
        __builtin_memcpy(&word, map_ + frame + i, 8);
        if (word != eight)
            return false;
    }
    for (; i < count; i++)
        if (map_[frame + i] != state)
            return false;
    return true;
}

void Pages::set(std::uint64_t frame, std::uint64_t count, std::uint8_t state) {
    const std::uint64_t eight = 0x0101010101010101 * state;
    std::uint64_t i = 0;
    for (; i + 8 <= count; i += 8) __builtin_memcpy(map_ + frame + i, &eight, 8);
    for (; i < count; i++) map_[frame + i] = state;
}

void Pages::set_folio(std::uint64_t frame, unsigned order, std::uint8_t head) {
    if (order > 0)
        set(frame, std::uint64_t{1} << order, tail);
    map_[frame] = static_cast<std::uint8_t>(head | order);
}

std::uint64_t &Pages::count_of(std::uint8_t state) {
    switch (kind(state)) {
        case used:
            return counts_.used;
        case preserved:
            return counts_.preserved;
        case incoming:
        case claimed:
        case entered:
            return counts_.incoming;
        default:
            break;
    }
    return state == scratch ? counts_.scratch : counts_.free;
}

// Gives [first, end) a plain state. Only for building the map, when there are no folios yet.
void Pages::paint(std::uint64_t first, std::uint64_t end, std::uint8_t state) {
    end = std::min(end, frames_);
    if (first >= end)
        return;
    std::uint64_t free = 0, in_scratch = 0;
    for (std::uint64_t f = first; f < end;) {
        if (kho::is_aligned(f, 8) && end - f >= 8 && all(f, 8, map_[f])) {
            free += map_[f] == free_page ? 8 : 0;
            in_scratch += map_[f] == scratch ? 8 : 0;
            f += 8;
            continue;
        }
        free += map_[f] == free_page;
        in_scratch += map_[f] == scratch;
        f++;
    }
    counts_.free -= free;
    counts_.scratch -= in_scratch;
    counts_.free += state == free_page ? end - first : 0;
    counts_.scratch += state == scratch ? end - first : 0;
    set(first, end - first, state);
}

void Pages::add_ram(PhysAddr start, std::uint64_t size) {
    const std::uint64_t first = round_up(kho::value(start));
    const std::uint64_t end = round_down(end_of(kho::value(start), size));
    paint(first, end, free_page);
    paint(first, std::min(end, low_frame), reserved);
}

void Pages::remove_ram(PhysAddr start, std::uint64_t size) {
    paint(round_down(kho::value(start)), round_up(end_of(kho::value(start), size)), absent);
}

void Pages::reserve(PhysAddr start, std::uint64_t size) {
    // What is not RAM is not ours to reserve either.
    const std::uint64_t end = std::min(frames_, round_up(end_of(kho::value(start), size)));
    for (std::uint64_t f = round_down(kho::value(start)); f < end; f++)
        if (map_[f] == free_page)
            paint(f, f + 1, reserved);
}

void Pages::set_scratch(PhysAddr start, std::uint64_t size) {
    paint(round_down(kho::value(start)), round_up(end_of(kho::value(start), size)), scratch);
}

void Pages::start_at(PhysAddr at) {
    const std::uint64_t frame = std::clamp(pfn(at), low_frame, std::max(low_frame, frames_));
    for (auto &position : next_[static_cast<unsigned>(Zone::any)]) position = frame;
    next_run_ = frame;
}

bool Pages::injected_failure() { return fail_in_ != 0 && --fail_in_ == 0; }

Result<PhysAddr> Pages::allocate(unsigned order, Zone zone) {
    if (order > largest_order_)
        return Errno::einval;
    if (injected_failure())
        return Errno::enomem;
    const std::uint64_t count = std::uint64_t{1} << order;
    const std::uint64_t lowest = kho::align_up(zone == Zone::high ? high_frame : low_frame, count);
    std::uint64_t &position = next_[static_cast<unsigned>(zone)][order];
    const std::uint64_t start = kho::align_up(std::max(position, lowest), count);
    // From the position to the top, then from the bottom to the position.
    for (int round = 0; round < 2; round++) {
        const std::uint64_t end = round == 0 ? frames_ : std::min(start, frames_);
        for (std::uint64_t f = round == 0 ? start : lowest; f < end && count <= frames_ - f;) {
            const std::uint8_t state = map_[f];
            if (state == free_page && all(f, count, free_page)) {
                set_folio(f, order, used);
                counts_.free -= count;
                counts_.used += count;
                position = f + count;
                return at_frame(f);
            }
            const std::uint64_t step =
                kind(state) >= used ? std::max(count, std::uint64_t{1} << (state & order_mask)) : count;
            f += step;
        }
    }
    return Errno::enomem;
}

Result<PhysAddr> Pages::allocate_zeroed(unsigned order) {
    const Result<PhysAddr> folio = allocate(order);
    if (folio)
        zero_words(bytes(*folio, kho::order_bytes(order)), kho::order_bytes(order));
    return folio;
}

void Pages::skip(unsigned order, std::uint64_t blocks) {
    if (order > largest_order_)
        return;
    std::uint64_t &position = next_[static_cast<unsigned>(Zone::any)][order];
    position += blocks << order;
    if (position >= frames_)
        position = low_frame;
}

Errno Pages::free(PhysAddr folio) {
    if (!is_head(folio, used))
        return Errno::einval;
    const std::uint64_t frame = pfn(folio);
    const std::uint64_t count = std::uint64_t{1} << (map_[frame] & order_mask);
    set(frame, count, free_page);
    counts_.used -= count;
    counts_.free += count;
    return Errno::ok;
}

Result<PhysAddr> Pages::allocate_run(std::uint64_t pages) {
    if (pages == 0)
        return Errno::einval;
    if (injected_failure())
        return Errno::enomem;
    for (int round = 0; round < 2; round++) {
        const std::uint64_t from = round == 0 ? next_run_ : low_frame;
        std::uint64_t length = 0;
        for (std::uint64_t f = from; f < frames_; f++) {
            length = map_[f] == free_page ? length + 1 : 0;
            if (length == pages) {
                const std::uint64_t first = f + 1 - pages;
                set(first, pages, used);
                counts_.free -= pages;
                counts_.used += pages;
                next_run_ = f + 1;
                return at_frame(first);
            }
        }
    }
    return Errno::enomem;
}

Errno Pages::free_run(PhysAddr start, std::uint64_t pages) {
    if (!in_map(start) || pages > frames_ - pfn(start) || !all(pfn(start), pages, used))
        return Errno::einval;
    set(pfn(start), pages, free_page);
    counts_.used -= pages;
    counts_.free += pages;
    return Errno::ok;
}

Result<PhysAddr> Pages::block_of(PhysAddr page) const {
    if (!in_map(page))
        return Errno::einval;
    // Blocks are naturally aligned: its head is one of these.
    for (unsigned order = 0; order <= kho::max_block_order; order++) {
        const std::uint64_t head = kho::align_down(pfn(page), std::uint64_t{1} << order);
        if (kind(map_[head]) >= used && (map_[head] & order_mask) >= order)
            return at_frame(head);
    }
    return Errno::einval;
}

Result<unsigned> Pages::order_of(PhysAddr at) const {
    if (!in_map(at) || kind(map_[pfn(at)]) < used)
        return Errno::einval;
    return map_[pfn(at)] & order_mask;
}

}  // namespace guest
