// SPDX-License-Identifier: GPL-2.0-or-later
// Choosing where the parts of a baked file are loaded.
#include <algorithm>
#include <cassert>

#include "fdt/bake.h"
#include "fdt/bake_loader.h"
#include "fdt/text.h"

namespace kho {
namespace {

constexpr std::uint64_t mib = 0x100000;
constexpr PhysAddr four_gib{std::uint64_t{1} << 32};
// From here up to 4 GiB a PC has its devices, whatever a dump's memory map says.
constexpr PhysAddr device_memory{0xe0000000};
// SeaBIOS keeps its tables in the last 16 MiB of RAM below 4 GiB, and has its code and temporary memory right
// below them: 128 KiB at least, more with more devices.
constexpr std::uint64_t firmware_at_the_top = 32 * mib;
// QEMU compares each segment with each when it loads them. The smallest beyond this many are moved.
constexpr std::size_t most_segments = 1000;
// QEMU's limit is the largest int.
constexpr std::uint64_t most_loaded = 0x7fffffff;

// What belongs somewhere: the bytes, of the handover if there are none given, then zeroes.
struct Item {
    Range place;
    std::uint64_t size;  // without the zeroes
    std::span<const std::byte> bytes;
};

std::vector<Item> all_items(const BakeRequest &request) {
    std::vector<Item> items;
    for (const Range &range : request.handover->ranges())
        items.push_back({.place = range, .size = range.size, .bytes = {}});
    for (const Placement &placement : request.boot->placements) {
        const std::uint64_t size = placement.bytes().size();
        items.push_back({.place = {placement.address, std::max(placement.memory_size, size)},
                         .size = size,
                         .bytes = placement.bytes()});
    }
    return items;
}

struct Sorted {
    std::vector<BakePlan::Segment> direct;  // of one part each
    std::vector<BakePlan::Part> moved;
    std::vector<Range> zeroes;
};

Sorted sort_items(const std::vector<Item> &items, const RangeSet &firmware) {
    Sorted sorted;
    const auto take = [&](const Item &item, const Range &piece, bool in_place) {
        const std::uint64_t skip = piece.start - item.place.start;
        const std::uint64_t size = skip < item.size ? std::min(piece.size, item.size - skip) : 0;
        if (size == 0) {
            sorted.zeroes.push_back(piece);
            return;
        }
        const BakePlan::Part part{.to = piece.start,
                                  .size = size,
                                  .bytes = item.bytes.empty() ? item.bytes : item.bytes.subspan(skip, size)};
        if (in_place) {
            sorted.direct.push_back({.memory = piece, .parts = {part}});
            return;
        }
        sorted.moved.push_back(part);
        if (size < piece.size)
            sorted.zeroes.push_back({piece.start + size, piece.size - size});
    };
    for (const Item &item : items) {
        const RangeSet place({item.place});
        const RangeSet safe = place.minus(firmware), endangered = place.intersect(firmware);
        for (const Range &piece : safe.ranges()) take(item, piece, true);
        for (const Range &piece : endangered.ranges()) take(item, piece, false);
    }
    return sorted;
}

void move_the_smallest(Sorted &sorted) {
    if (sorted.direct.size() <= most_segments)
        return;
    std::ranges::stable_sort(sorted.direct, std::greater{}, [](const auto &s) { return s.memory.size; });
    for (std::size_t i = most_segments; i < sorted.direct.size(); i++) {
        const BakePlan::Segment &segment = sorted.direct[i];
        const BakePlan::Part &part = segment.parts[0];
        sorted.moved.push_back(part);
        if (part.size < segment.memory.size)
            sorted.zeroes.push_back({part.to + part.size, segment.memory.size - part.size});
    }
    sorted.direct.resize(most_segments);
}

std::uint64_t pages_of(const BakePlan::Part &part) { return align_up(part.size, page_size); }

// Memory in which whole pages may be loaded and nobody else has an interest; best places first.
std::vector<Range> by_worth(const RangeSet &free, std::uint64_t wanted) {
    const Range low{PhysAddr{0}, value(four_gib)};
    if (const auto one = free.find_high(wanted, page_size, low))
        return {*one};
    std::vector<Range> places;
    for (const Range &range : free.ranges()) {
        const std::uint64_t start = align_up(value(range.start), page_size);
        const std::uint64_t end = align_down(value(range.end()), page_size);
        if (start >= value(range.start) && start < end)
            places.push_back({PhysAddr{start}, end - start});
    }
    std::ranges::stable_sort(places, std::greater{},
                             [](const Range &r) { return std::pair(r.start < four_gib, r.size); });
    return places;
}

// Packs what is moved into as few segments as it takes.
Result<std::vector<BakePlan::Segment>> stage(const std::vector<BakePlan::Part> &moved, const RangeSet &free) {
    std::vector<BakePlan::Segment> segments;
    std::uint64_t wanted = 0;
    for (const BakePlan::Part &part : moved) wanted += pages_of(part);
    if (wanted == 0)
        return segments;
    const std::vector<Range> places = by_worth(free, wanted);
    auto next = moved.begin();
    std::uint64_t done = 0;  // of the next one
    for (auto place = places.begin(); next != moved.end() && place != places.end(); ++place) {
        BakePlan::Segment segment{.memory = {place->start, 0}, .parts = {}};
        while (next != moved.end() && segment.memory.size < place->size) {
            const std::uint64_t size = std::min(next->size - done, place->size - segment.memory.size);
            segment.parts.push_back(
                {.to = next->to + done,
                 .size = size,
                 .bytes = next->bytes.empty() ? next->bytes : next->bytes.subspan(done, size)});
            segment.memory.size += pages_of(segment.parts.back());
            done += size;
            if (done == next->size) {
                ++next;
                done = 0;
            }
        }
        segments.push_back(std::move(segment));
    }
    if (next != moved.end())
        return Error{.code = Errc::no_room,
                     .what = hex(wanted) + " bytes have to be loaded out of the firmware's way, and only " +
                             hex(free.bytes()) + " are free"};
    return segments;
}

}  // namespace

RangeSet firmware_memory(const RangeSet &ram) {
    PhysAddr end{mib};
    for (const Range &range : ram.ranges())
        if (range.start < device_memory)
            end = std::max(end, std::min(range.end(), device_memory));
    const PhysAddr start = std::max(PhysAddr{mib}, end - std::min(value(end), firmware_at_the_top));
    return RangeSet({{PhysAddr{0}, mib}, {start, four_gib - start}});
}

Result<BakePlan> plan_bake(const BakeRequest &request) {
    assert(request.boot != nullptr && request.handover != nullptr && request.scratch != nullptr &&
           request.ram != nullptr);
    const RangeSet firmware = firmware_memory(*request.ram);
    const std::vector<Item> items = all_items(request);
    std::vector<Range> places;
    places.reserve(items.size());
    for (const Item &item : items) places.push_back(item.place);
    const RangeSet destinations(std::move(places));
    RangeSet free = request.ram->minus(firmware).minus(destinations);

    Sorted sorted = sort_items(items, firmware);
    move_the_smallest(sorted);
    Result<std::vector<BakePlan::Segment>> staged = stage(sorted.moved, free);
    if (!staged)
        return staged.error();

    BakePlan plan;
    plan.entry = request.boot->entry;
    plan.segments = std::move(sorted.direct);
    std::ranges::move(staged.value(), std::back_inserter(plan.segments));
    std::ranges::sort(plan.segments, {}, [](const auto &segment) { return segment.memory.start; });
    plan.zeroes = std::move(sorted.zeroes);
    std::vector<Range> needs(destinations.ranges().begin(), destinations.ranges().end());
    needs.insert(needs.end(), request.scratch->ranges().begin(), request.scratch->ranges().end());
    std::uint64_t loaded = 0;
    for (const BakePlan::Segment &segment : plan.segments) {
        needs.push_back(segment.memory);
        free.subtract(segment.memory);
        loaded += segment.memory.size;
    }
    plan.needs = RangeSet(std::move(needs));
    if (Outcome outcome = add_loader(plan, *request.boot, request.loader, free); !outcome)
        return outcome.error();
    if (loaded + plan.loader.size > most_loaded)
        return Error{.code = Errc::no_room,
                     .what = "handover, kernel and initrd have " + hex(loaded) +
                             " bytes, and no more than 2 GiB can be loaded"};
    return plan;
}

}  // namespace kho
