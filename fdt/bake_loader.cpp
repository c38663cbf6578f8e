// SPDX-License-Identifier: GPL-2.0-or-later
// The loader's memory: program, table, page tables, and behind what is in the file its stack.
#include "fdt/bake_loader.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <set>

#include "fdt/abi/bake.h"
#include "fdt/text.h"

namespace kho {
namespace {

constexpr std::uint64_t gib = std::uint64_t{1} << 30;
constexpr std::uint64_t mapped_limit = 512 * gib;
constexpr std::uint64_t large_page_shift = 21;
constexpr std::uint64_t entries = 512;
constexpr std::uint64_t table_entry = 0x03;  // present, writable
constexpr std::uint64_t large_page = 0x83;   // and 2 MiB
constexpr std::uint64_t stack_size = 16 << 10;

class Writer {
public:
    Writer(std::vector<std::byte> &bytes, std::uint64_t at) : bytes_(bytes), at_(at) {}
    template <typename T>
    void put(const T &object) {
        assert(at_ + sizeof object <= bytes_.size());
        std::memcpy(bytes_.data() + at_, &object, sizeof object);
        at_ += sizeof object;
    }
    std::uint64_t at() const { return at_; }

private:
    std::vector<std::byte> &bytes_;
    std::uint64_t at_;
};

// Numbers of the GiB that are mapped: the first four, where firmware has its memory map, and what is needed.
std::set<std::uint64_t> mapped_gibs(const RangeSet &needs) {
    std::set<std::uint64_t> gibs{0, 1, 2, 3};
    for (const Range &range : needs.ranges())
        for (std::uint64_t g = value(range.start) / gib; g <= (value(range.end()) - 1) / gib; g++)
            gibs.insert(g);
    return gibs;
}

// Top level, one table of the 512 GiB, a directory for each GiB.
void put_page_tables(std::vector<std::byte> &bytes, std::uint64_t at, PhysAddr address,
                     const std::set<std::uint64_t> &gibs) {
    const auto store = [&](std::uint64_t page, std::uint64_t entry, std::uint64_t content) {
        std::memcpy(bytes.data() + at + page * page_size + entry * sizeof content, &content, sizeof content);
    };
    const auto address_of = [&](std::uint64_t page) { return value(address + page * page_size); };
    store(0, 0, address_of(1) | table_entry);
    std::uint64_t page = 2;
    for (const std::uint64_t g : gibs) {
        store(1, g, address_of(page) | table_entry);
        for (std::uint64_t i = 0; i < entries; i++)
            store(page, i, (g * gib + (i << large_page_shift)) | large_page);
        page++;
    }
}

}  // namespace

Outcome add_loader(BakePlan &plan, const BootPlan &boot, std::span<const std::byte> program,
                   const RangeSet &free) {
    assert(program.size() % page_size == 0 &&
           program.size() > abi::bake_load_address + sizeof(std::uint32_t));
    if (!plan.needs.empty() && value(plan.needs.ranges().back().end()) > mapped_limit)
        return Error{.code = Errc::outside_memory,
                     .address = value(plan.needs.ranges().back().end()) - 1,
                     .what = "memory above 512 GiB, which the loader does not reach"};
    std::uint64_t parts = 0;
    for (const BakePlan::Segment &segment : plan.segments) parts += segment.parts.size();
    const std::set<std::uint64_t> gibs = mapped_gibs(plan.needs);
    // The loader itself is one more range that is needed.
    const std::uint64_t table_size =
        sizeof(abi::bake_table) + parts * sizeof(abi::bake_part) +
        (plan.zeroes.size() + plan.needs.ranges().size() + 1) * sizeof(abi::bake_range);
    const std::uint64_t page_tables = program.size() + align_up(table_size, page_size);
    const std::uint64_t in_file = page_tables + (2 + gibs.size()) * page_size;
    const std::uint64_t size = in_file + stack_size;
    const std::optional<Range> place = free.find_low(size, page_size, {PhysAddr{0}, 4 * gib});
    if (!place)
        return Error{.code = Errc::no_room,
                     .what = "no " + hex(size) + " contiguous bytes below 4 GiB are free for the loader"};
    plan.loader = *place;
    plan.needs.add(*place);

    plan.loader_bytes.assign(in_file, std::byte{0});
    std::ranges::copy(program, plan.loader_bytes.begin());
    Writer(plan.loader_bytes, abi::bake_load_address).put(static_cast<std::uint32_t>(value(place->start)));
    Writer writer(plan.loader_bytes, program.size());
    writer.put(abi::bake_table{.magic = abi::bake_magic,
                               .page_table = value(place->start + page_tables),
                               .stack_end = value(place->end()),
                               .entry = value(boot.entry),
                               .boot_params = value(boot.boot_params),
                               .parts = static_cast<std::uint32_t>(parts),
                               .zeroes = static_cast<std::uint32_t>(plan.zeroes.size()),
                               .needs = static_cast<std::uint32_t>(plan.needs.ranges().size()),
                               .reserved = 0});
    plan.sums = writer.at();
    for (const BakePlan::Segment &segment : plan.segments) {
        PhysAddr from = segment.memory.start;
        for (const BakePlan::Part &part : segment.parts) {
            writer.put(abi::bake_part{value(from), value(part.to), part.size, 0});
            from = from + align_up(part.size, page_size);
        }
    }
    for (const Range &range : plan.zeroes) writer.put(abi::bake_range{value(range.start), range.size});
    for (const Range &range : plan.needs.ranges())
        writer.put(abi::bake_range{value(range.start), range.size});
    put_page_tables(plan.loader_bytes, page_tables, place->start + page_tables, gibs);
    return success();
}

}  // namespace kho
