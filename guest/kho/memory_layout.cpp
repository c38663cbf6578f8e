// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/kho/memory_layout.h"

#include <algorithm>

#include "guest/kho/sizes.h"

namespace guest {

using kexec_handover::MemoryRange;
using kho::PhysAddr;
using kho::abi::kho_scratch;

namespace {

constexpr std::uint64_t mib = 1 << 20;
constexpr std::uint64_t four_gib = std::uint64_t{1} << 32;

// If [at, at + size) meets [start, start + length): where that ends, else 0.
constexpr std::uint64_t behind(std::uint64_t at, std::uint64_t size, std::uint64_t start,
                               std::uint64_t length) {
    const std::uint64_t end = end_of(start, length);
    return length != 0 && at < end && start < at + size ? end : 0;
}

// The end of something taken that [at, at + size) meets, or 0.
std::uint64_t obstacle(const MemoryLayout &layout, std::span<const kho_scratch> also_taken, std::uint64_t at,
                       std::uint64_t size) {
    for (const MemoryRange &r : layout.map)
        if (r.type != usable_ram)
            if (const std::uint64_t end = behind(at, size, r.address, r.size); end != 0)
                return end;
    for (const PhysRange &e : layout.taken)
        if (const std::uint64_t end = behind(at, size, kho::value(e.start), e.size); end != 0)
            return end;
    for (const kho_scratch &s : also_taken)
        if (const std::uint64_t end = behind(at, size, s.addr, s.size); end != 0)
            return end;
    return 0;
}

// The lowest place inside [from, to); 0 if there is none.
std::uint64_t place_in(const MemoryLayout &layout, std::span<const kho_scratch> also_taken,
                       std::uint64_t size, std::uint64_t alignment, std::uint64_t from, std::uint64_t to) {
    std::uint64_t at = kho::align_up(from, alignment);
    while (at >= from && at < to && size <= to - at) {
        const std::uint64_t end = obstacle(layout, also_taken, at, size);
        if (end == 0)
            return at;
        if (end > to)
            break;
        at = kho::align_up(end, alignment);
    }
    return 0;
}

}  // namespace

std::uint64_t top_of_ram(std::span<const MemoryRange> map) {
    std::uint64_t top = 0;
    for (const MemoryRange &r : map)
        if (r.type == usable_ram)
            top = std::max(top, end_of(r.address, r.size));
    return kho::align_down(std::min(top, highest_top), kho::page_size);
}

Result<PhysAddr> find_place(const MemoryLayout &layout, std::span<const kho_scratch> also_taken,
                            std::uint64_t size, std::uint64_t alignment, std::uint64_t from,
                            std::uint64_t to) {
    std::uint64_t best = 0;
    for (const MemoryRange &r : layout.map) {
        if (r.type != usable_ram)
            continue;
        const std::uint64_t at = place_in(layout, also_taken, size, alignment, std::max(from, r.address),
                                          std::min(to, end_of(r.address, r.size)));
        if (at != 0 && (best == 0 || at < best))
            best = at;
    }
    if (best == 0)
        return Errno::enomem;
    return PhysAddr{best};
}

Result<PhysAddr> find_in_scratch(const MemoryLayout &layout, std::span<const kho_scratch> scratch,
                                 std::span<const kho_scratch> also_taken, std::uint64_t size,
                                 std::uint64_t alignment) {
    for (const kho_scratch &s : scratch) {
        const Result<PhysAddr> place = find_place(layout, also_taken, size, alignment, s.addr,
                                                  std::min(end_of(s.addr, s.size), highest_top));
        if (place)
            return place;
    }
    return Errno::enomem;
}

Errno choose_scratch(const MemoryLayout &layout, std::uint64_t size, kho_scratch (&areas)[2]) {
    const std::uint64_t alignment = 2 * mib;
    size = kho::align_up(std::clamp(size, alignment, four_gib), alignment);
    const Result<PhysAddr> low = find_place(layout, {}, size, alignment, 16 * mib, four_gib);
    if (!low)
        return low.error();
    areas[0] = {kho::value(*low), size};
    const std::span<const kho_scratch> taken(areas, 1);
    const std::uint64_t global_size = kho::align_up(size / 2, alignment);
    Result<PhysAddr> global = find_place(layout, taken, global_size, alignment, four_gib, highest_top);
    if (!global)
        global = find_place(layout, taken, global_size, alignment, 16 * mib, four_gib);
    if (!global)
        return global.error();
    areas[1] = {kho::value(*global), global_size};
    return Errno::ok;
}

std::uint64_t ram_size(std::span<const MemoryRange> map) {
    std::uint64_t ram = 0;
    for (const MemoryRange &r : map)
        if (r.type == usable_ram)
            ram += std::min(r.size, highest_top);
    return ram;
}

std::uint64_t high_memory(std::span<const MemoryRange> map, std::span<const kho_scratch> scratch) {
    const auto above = [](std::uint64_t start, std::uint64_t size) {
        const std::uint64_t from = std::max(start, four_gib), to = std::min(end_of(start, size), highest_top);
        return to > from ? to - from : 0;
    };
    std::uint64_t ram = 0, taken = 0;
    for (const MemoryRange &r : map)
        if (r.type == usable_ram)
            ram += above(r.address, r.size);
    for (const kho_scratch &s : scratch) taken += above(s.addr, s.size);
    return ram - std::min(ram, taken);
}

std::uint64_t default_scratch_size(std::span<const MemoryRange> map) {
    return std::clamp(kho::align_up(ram_size(map) / 8, 2 * mib), 8 * mib, 32 * mib);
}

Errno init_pages(Pages &pages, PhysicalWindow window, PhysAddr map, const MemoryLayout &layout,
                 std::span<const kho_scratch> scratch) {
    const std::uint64_t top = top_of_ram(layout.map);
    if (const Errno error = pages.init(window, map, top); error != Errno::ok)
        return error;
    for (const MemoryRange &r : layout.map)
        if (r.type == usable_ram)
            pages.add_ram(PhysAddr{r.address}, r.size);
    for (const MemoryRange &r : layout.map)
        if (r.type != usable_ram)
            pages.remove_ram(PhysAddr{r.address}, r.size);
    // Scratch first: what is taken inside scratch stays scratch, and is never given out.
    for (const kho_scratch &s : scratch) pages.set_scratch(PhysAddr{s.addr}, s.size);
    for (const PhysRange &e : layout.taken) pages.reserve(e.start, e.size);
    pages.reserve(map, Pages::map_bytes(top));
    return Errno::ok;
}

}  // namespace guest
