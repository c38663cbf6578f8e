// SPDX-License-Identifier: GPL-2.0-or-later
// The loader's memory: program, table, page tables, and behind what is in the file its stack.
#include "fdt/boot/internal/bake_loader.h"
#include "fdt/abi/units.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <set>

#include "fdt/abi/bake.h"
#include "fdt/base/internal/text.h"

namespace kho {
namespace {

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

struct Layout {
    std::uint64_t parts;
    std::set<std::uint64_t> gibs;
    std::uint64_t page_tables;  // offsets from the loader's first byte
    std::uint64_t in_file;      // the stack begins here
};

Layout layout_of(const BakePlan &plan, std::span<const std::byte> program) {
    Layout layout{};
    for (const BakePlan::Segment &segment : plan.segments) layout.parts += segment.parts.size();
    layout.gibs = mapped_gibs(plan.needs);
    const std::uint64_t table_size =
        sizeof(abi::bake_table) + layout.parts * sizeof(abi::bake_part) +
        (plan.zeroes.size() + plan.needs.ranges().size()) * sizeof(abi::bake_range);
    layout.page_tables = program.size() + align_up(table_size, page_size);
    layout.in_file = layout.page_tables + (2 + layout.gibs.size()) * page_size;
    return layout;
}

}  // namespace

std::uint64_t loader_size(const BakePlan &plan, std::span<const std::byte> program) {
    return layout_of(plan, program).in_file + stack_size;
}

void add_loader(BakePlan &plan, const BootPlan &boot, std::span<const std::byte> program) {
    assert(program.size() % page_size == 0 &&
           program.size() > abi::bake_load_address + sizeof(std::uint32_t));
    const Layout layout = layout_of(plan, program);
    assert(layout.in_file + stack_size <= plan.loader.size && plan.loader.end() <= PhysAddr{4 * gib});
    const PhysAddr start = plan.loader.start;
    plan.loader_bytes.assign(layout.in_file, std::byte{0});
    std::ranges::copy(program, plan.loader_bytes.begin());
    Writer(plan.loader_bytes, abi::bake_load_address).put(static_cast<std::uint32_t>(value(start)));
    Writer writer(plan.loader_bytes, program.size());
    writer.put(abi::bake_table{.magic = abi::bake_magic,
                               .page_table = value(start + layout.page_tables),
                               .stack_end = value(plan.loader.end()),
                               .entry = value(boot.entry),
                               .boot_params = value(boot.boot_params),
                               .parts = static_cast<std::uint32_t>(layout.parts),
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
    put_page_tables(plan.loader_bytes, layout.page_tables, start + layout.page_tables, layout.gibs);
}

}  // namespace kho
