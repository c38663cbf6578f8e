// SPDX-License-Identifier: GPL-2.0-or-later
// Choosing where the parts of a baked file are loaded.
#include "fdt/boot/internal/bake_plan.h"

#include <algorithm>
#include <cassert>

#include "fdt/abi/units.h"
#include "fdt/base/internal/text.h"
#include "fdt/boot/internal/bake_loader.h"

namespace kho {
namespace {

constexpr PhysAddr four_gib{4 * gib};
// From here up to 4 GiB a PC has its devices, whatever a dump's memory map says.
constexpr PhysAddr device_memory{0xe0000000};
// SeaBIOS keeps its tables in the last 16 MiB of RAM below 4 GiB, and has its code and temporary memory right
// below them: 128 KiB at least, more with more devices.
constexpr std::uint64_t firmware_at_the_top = 32 * mib;
// QEMU compares each segment with each when it loads them. The smallest beyond this many are loaded together.
constexpr std::size_t most_segments = 1000;
// Those of an ELF file, without the note's and the loader's.
constexpr std::size_t most_headers = 0xfffe - 2;
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

std::uint64_t pages_of(const BakePlan::Part &part) { return align_up(part.size, page_size); }

std::uint64_t pages_of(std::span<const BakePlan::Part> parts) {
    std::uint64_t bytes = 0;
    for (const BakePlan::Part &part : parts) bytes += pages_of(part);
    return bytes;
}

// Below 4 GiB if it can be: there is a machine's memory first.
std::optional<Range> find_one_place(const RangeSet &free, std::uint64_t size) {
    if (const auto low = free.find_high(size, page_size, {PhysAddr{0}, value(four_gib)}))
        return low;
    return free.find_high(size, page_size, {PhysAddr{0}, bake_mapped_limit});
}

// Memory in which whole pages may be loaded and that has no other use; best places first.
std::vector<Range> by_worth(const RangeSet &free, std::uint64_t wanted) {
    if (const auto one = find_one_place(free, wanted))
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
Result<std::vector<BakePlan::Segment>> stage(std::span<const BakePlan::Part> moved, const RangeSet &free) {
    std::vector<BakePlan::Segment> segments;
    const std::uint64_t wanted = pages_of(moved);
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

RangeSet without(const RangeSet &free, std::span<const BakePlan::Segment> segments) {
    std::vector<Range> taken;
    taken.reserve(segments.size());
    for (const BakePlan::Segment &segment : segments) taken.push_back(segment.memory);
    return free.minus(RangeSet(std::move(taken)));
}

// Makes one segment of the smallest direct ones if there are too many, and memory for it in one piece: in
// many pieces they would be as many segments as before.
void gather_the_smallest(BakePlan &plan, const RangeSet &free) {
    std::vector<BakePlan::Segment> &direct = plan.segments;
    if (direct.size() <= most_segments)
        return;
    std::ranges::stable_sort(direct, std::greater{}, [](const auto &s) { return s.memory.size; });
    const auto smallest = std::span(direct).subspan(most_segments);
    BakePlan::Segment gathered;
    for (const BakePlan::Segment &segment : smallest) gathered.parts.push_back(segment.parts[0]);
    const auto place = find_one_place(free, pages_of(gathered.parts));
    if (!place)
        return;
    gathered.memory = *place;
    for (const BakePlan::Segment &segment : smallest)
        if (const BakePlan::Part &part = segment.parts[0]; part.size < segment.memory.size)
            plan.zeroes.push_back({part.to + part.size, segment.memory.size - part.size});
    direct.resize(most_segments);
    direct.push_back(std::move(gathered));
}

// Everything but the loader, which has its place already.
Outcome plan_segments(BakePlan &plan, Sorted sorted, const RangeSet &free, const RangeSet &needed) {
    Result<std::vector<BakePlan::Segment>> staged = stage(sorted.moved, free);
    if (!staged)
        return staged.error();
    plan.zeroes = std::move(sorted.zeroes);
    plan.segments = std::move(sorted.direct);
    gather_the_smallest(plan, without(free, staged.value()));
    std::ranges::move(staged.value(), std::back_inserter(plan.segments));
    if (plan.segments.size() > most_headers)
        return Error{.code = Errc::no_room,
                     .what = std::to_string(plan.segments.size()) +
                             " pieces of memory are more than an ELF file has program headers, and no "
                             "contiguous memory is free to load the smallest together"};
    std::ranges::sort(plan.segments, {}, [](const auto &segment) { return segment.memory.start; });
    std::vector<Range> needs(needed.ranges().begin(), needed.ranges().end());
    for (const BakePlan::Segment &segment : plan.segments) needs.push_back(segment.memory);
    plan.needs = RangeSet(std::move(needs));
    return success();
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
    const RangeSet destinations(places);
    places.insert(places.end(), request.scratch->ranges().begin(), request.scratch->ranges().end());
    const RangeSet needed(std::move(places));
    if (const RangeSet missing = needed.minus(*request.ram); !missing.empty())
        return Error{.code = Errc::outside_memory,
                     .address = value(missing.ranges().front().start),
                     .what = "the handover needs memory that is not RAM in the machine's memory map"};
    const RangeSet reached({{PhysAddr{0}, bake_mapped_limit}});
    if (const RangeSet beyond = needed.minus(reached); !beyond.empty())
        return Error{.code = Errc::outside_memory,
                     .address = value(beyond.ranges().back().end()) - 1,
                     .what = "memory above 512 GiB, which the loader does not reach"};
    const RangeSet free = request.ram->intersect(reached).minus(firmware).minus(destinations);
    const Sorted sorted = sort_items(items, firmware);

    // The loader comes first, as it has to be below 4 GiB. How large it is depends on where everything else
    // is loaded, which depends on the room that it leaves: the room grows until it is enough.
    BakePlan plan;
    plan.entry = request.boot->entry;
    for (std::uint64_t size = page_size; size > plan.loader.size;) {
        const auto place = free.find_low(size, page_size, {PhysAddr{0}, value(four_gib)});
        if (!place)
            return Error{.code = Errc::no_room,
                         .what = "no " + hex(size) + " contiguous bytes below 4 GiB are free for the loader"};
        plan.loader = *place;
        if (Outcome outcome = plan_segments(plan, sorted, free.minus(RangeSet({*place})), needed); !outcome)
            return outcome.error();
        plan.needs.add(*place);
        size = loader_size(plan, request.loader);
    }
    add_loader(plan, *request.boot, request.loader);
    std::uint64_t loaded = 0;
    for (const BakePlan::Segment &segment : plan.segments) loaded += segment.memory.size;
    if (loaded + plan.loader.size > most_loaded)
        return Error{.code = Errc::no_room,
                     .what = "handover, kernel and initrd have " + hex(loaded) +
                             " bytes, and no more than 2 GiB can be loaded"};
    return plan;
}

}  // namespace kho
