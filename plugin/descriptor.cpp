// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/descriptor.h"

#include <algorithm>
#include <cinttypes>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <set>

#include "fdt/abi/luo.h"
#include "fdt/read/reader.h"

namespace kexec_handover {
namespace {

using kho::PhysAddr;
using kho::Range;
using kho::RangeSet;

[[gnu::format(printf, 4, 5)]] Refusal refuse(Status status, std::uint64_t index, std::uint64_t address,
                                             const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): va_start is right above; clang 14 loses it
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return {status, index, address, text};
}

// One copy of an array of the guest's.
template <typename T>
Checked<std::vector<T>> read_array(const Machine &machine, const RangeSet &ram, const ArrayRef &array,
                                   std::uint64_t limit, const char *what) {
    if (array.count > limit)
        return refuse(Status::too_many_entries, array.count, array.address,
                      "%s has %" PRIu64 " entries, limit %" PRIu64, what, array.count, limit);
    std::vector<T> entries(array.count);
    if (array.count == 0)
        return entries;
    const auto range = Range::checked(array.address, array.count * sizeof(T));
    if (!range || !kho::is_aligned(array.address, 8) || !ram.contains(*range) ||
        !machine.read(range->start, std::as_writable_bytes(std::span(entries))))
        return refuse(Status::array_unreadable, array.count, array.address,
                      "%s at 0x%" PRIx64 ", %" PRIu64 " entries: not in RAM or not aligned to 8", what,
                      array.address, array.count);
    return entries;
}

Checked<Descriptor> read_header(const Machine &machine, const RangeSet &ram, PhysAddr address) {
    const std::uint64_t at = value(address);
    if (at == 0)
        return refuse(Status::no_descriptor, 0, 0, "no descriptor is set");
    const auto range = Range::checked(at, sizeof(Descriptor));
    Descriptor descriptor;
    if (!range || !kho::is_aligned(at, 8) || !ram.contains(*range) ||
        !machine.read(address, std::as_writable_bytes(std::span(&descriptor, 1))))
        return refuse(Status::descriptor_unreadable, 0, at,
                      "descriptor at 0x%" PRIx64 ": not in RAM or not aligned to 8", at);
    if (descriptor.magic != descriptor_magic)
        return refuse(Status::descriptor_magic, 0, at,
                      "descriptor at 0x%" PRIx64 ": magic 0x%x, expected 0x%x", at, descriptor.magic,
                      descriptor_magic);
    if (descriptor.size != sizeof(Descriptor))
        return refuse(Status::descriptor_size, 0, at, "descriptor at 0x%" PRIx64 ": size %u, expected %zu",
                      at, descriptor.size, sizeof(Descriptor));
    const bool in_memory = descriptor.flags == found_in_memory;
    const bool described = descriptor.scratch.count != 0 || descriptor.preserved.count != 0 ||
                           descriptor.subtrees.count != 0 || descriptor.session_header != 0 ||
                           descriptor.liveupdate_number != 0 || descriptor.flb_header != 0;
    if ((descriptor.flags != 0 && !in_memory && descriptor.flags != found_in_recording) ||
        (descriptor.flags != 0 && described) || (descriptor.handover != 0 && !in_memory) ||
        descriptor.reserved != 0)
        return refuse(Status::descriptor_flags, 0, at,
                      "descriptor at 0x%" PRIx64 ": flags 0x%" PRIx64
                      " that are unknown or contradict a field, or a reserved field that is not zero",
                      at, descriptor.flags);
    return descriptor;
}

Refusal check_memory_map(const RangeSet &ram, std::span<const MemoryRange> entries, KexecRequest &request) {
    std::vector<Range> usable;
    for (std::uint64_t i = 0; i < entries.size(); ++i) {
        const MemoryRange &entry = entries[i];
        if (entry.reserved != 0)
            return refuse(Status::descriptor_flags, i, entry.reserved,
                          "memory map [%" PRIu64 "]: reserved field is 0x%x", i, entry.reserved);
        const auto range = Range::checked(entry.address, entry.size);
        if (!range || range->empty() || (entry.type == kho::abi::e820_ram && !ram.contains(*range)))
            return refuse(Status::memory_map_range, i, entry.address,
                          "memory map [%" PRIu64 "]: 0x%" PRIx64 " + 0x%" PRIx64
                          " type %u wraps, is empty, or is said to be RAM and is not",
                          i, entry.address, entry.size, entry.type);
        request.memory_map.push_back({entry.address, entry.size, entry.type});
        if (entry.type == kho::abi::e820_ram)
            usable.push_back(*range);
    }
    if (usable.empty())
        return refuse(Status::memory_map_empty, entries.size(), 0,
                      "memory map: no usable RAM among %zu entries", entries.size());
    // Overlap of any two kinds: what is both usable and reserved must not be poisoned.
    std::vector<std::pair<Range, std::uint64_t>> sorted;
    for (std::uint64_t i = 0; i < entries.size(); ++i)
        sorted.emplace_back(Range{PhysAddr{entries[i].address}, entries[i].size}, i);
    std::ranges::sort(sorted, {}, [](const auto &item) { return item.first.start; });
    for (std::size_t i = 1; i < sorted.size(); ++i) {
        const auto &[range, index] = sorted[i];
        if (sorted[i - 1].first.overlaps(range))
            return refuse(Status::memory_map_overlap, index, value(range.start),
                          "memory map [%" PRIu64 "] at 0x%" PRIx64 " overlaps [%" PRIu64 "]", index,
                          value(range.start), sorted[i - 1].second);
    }
    request.usable = RangeSet(std::move(usable));
    return {};
}

Refusal check_scratch(KexecRequest &request) {
    for (std::uint64_t i = 0; i < request.scratch.size(); ++i) {
        const auto &area = request.scratch[i];
        const auto range = Range::checked(area.addr, area.size);
        // Kernels keep empty areas, for NUMA nodes without memory.
        if (!range || !kho::is_aligned(area.addr | area.size, kho::page_size) ||
            !(range->empty() || request.usable.contains(*range)))
            return refuse(Status::scratch_range, i, area.addr,
                          "scratch [%" PRIu64 "]: 0x%" PRIx64 " + 0x%" PRIx64
                          " is not whole pages of usable RAM",
                          i, area.addr, area.size);
        if (range->empty())
            continue;
        if (request.scratch_ranges.overlaps(*range))
            return refuse(Status::scratch_overlap, i, area.addr,
                          "scratch [%" PRIu64 "]: 0x%" PRIx64 " + 0x%" PRIx64 " overlaps an earlier area", i,
                          area.addr, area.size);
        request.scratch_ranges.add(*range);
    }
    if (request.scratch_ranges.empty())
        return refuse(Status::scratch_empty, request.scratch.size(), 0,
                      "scratch: %zu areas, all of them empty", request.scratch.size());
    return {};
}

Refusal check_preserved(std::span<const PreservedRange> entries, KexecRequest &request) {
    struct Item {
        kho::PreservedBlocks blocks;
        std::uint64_t index;
    };
    std::vector<Item> items;
    items.reserve(entries.size());
    for (std::uint64_t i = 0; i < entries.size(); ++i) {
        const PreservedRange &entry = entries[i];
        if (entry.order > kho::max_block_order)
            return refuse(Status::preserved_order, i, entry.order,
                          "preserved [%" PRIu64 "] at 0x%" PRIx64 ": order %u, limit %u", i, entry.address,
                          entry.order, kho::max_block_order);
        const std::uint64_t block = kho::order_bytes(entry.order);
        if (!kho::is_aligned(entry.address, block))
            return refuse(Status::preserved_unaligned, i, entry.address,
                          "preserved [%" PRIu64 "] at 0x%" PRIx64 ": not aligned to its block of 0x%" PRIx64,
                          i, entry.address, block);
        // Cannot overflow: a count of 32 bits times at most 2^32 bytes.
        const auto range = Range::checked(entry.address, block * entry.count);
        if (!range || range->empty())
            return refuse(Status::preserved_wraps, i, entry.address,
                          "preserved [%" PRIu64 "] at 0x%" PRIx64 ": %u blocks of 0x%" PRIx64
                          " are empty or wrap",
                          i, entry.address, entry.count, block);
        if (!request.usable.contains(*range))
            return refuse(Status::preserved_outside_ram, i, entry.address,
                          "preserved [%" PRIu64 "]: 0x%" PRIx64 " + 0x%" PRIx64 " is not usable RAM", i,
                          entry.address, range->size);
        if (request.scratch_ranges.overlaps(*range))
            return refuse(Status::preserved_in_scratch, i, entry.address,
                          "preserved [%" PRIu64 "]: 0x%" PRIx64 " + 0x%" PRIx64 " overlaps scratch", i,
                          entry.address, range->size);
        items.push_back({{range->start, entry.order, entry.count}, i});
    }
    std::ranges::sort(items, {}, [](const Item &item) { return item.blocks.address; });
    std::vector<Range> ranges;
    ranges.reserve(items.size());
    request.preserved.reserve(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
        const Range range = items[i].blocks.range();
        if (i > 0 && items[i - 1].blocks.range().overlaps(range))
            return refuse(Status::preserved_twice, items[i].index, value(range.start),
                          "preserved [%" PRIu64 "] at 0x%" PRIx64 " was already preserved by [%" PRIu64 "]",
                          items[i].index, value(range.start), items[i - 1].index);
        ranges.push_back(range);
        request.preserved.push_back(items[i].blocks);
    }
    request.preserved_ranges = RangeSet(std::move(ranges));
    return {};
}

// Characters that the devicetree specification allows in a node name.
bool is_node_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               std::strchr(",._+-@", c);
    });
}

Refusal check_subtrees(std::span<const Subtree> entries, KexecRequest &request) {
    std::set<std::string_view> names{kho::abi::luo_subtree_name};
    for (std::uint64_t i = 0; i < entries.size(); ++i) {
        const Subtree &entry = entries[i];
        const std::string_view name(entry.name, strnlen(entry.name, sizeof entry.name));
        if (name.size() == sizeof entry.name || !is_node_name(name) || !names.insert(name).second)
            return refuse(Status::subtree_name, i, entry.address,
                          "subtree [%" PRIu64 "]: the name is not a node name, unterminated, or taken", i);
        const auto range = Range::checked(entry.address, entry.size);
        if (!range || range->empty() || !kho::is_page_aligned(range->start) ||
            !request.preserved_ranges.contains(*range))
            return refuse(Status::subtree_not_preserved, i, entry.address,
                          "subtree [%" PRIu64 "] %.*s: 0x%" PRIx64 " + 0x%" PRIx64
                          " is not preserved, or not aligned to a page",
                          i, static_cast<int>(name.size()), name.data(), entry.address, entry.size);
        request.subtrees.push_back({std::string(name), range->start, entry.size});
    }
    return {};
}

Refusal check_flbs(const Machine &machine, PhysAddr header_at, KexecRequest &request) {
    using Entry = kho::abi::luo_flb_ser;
    struct Page {
        kho::abi::luo_flb_header_ser header;
        Entry entries[kho::abi::max_flbs];
    };
    static_assert(sizeof(Page) <= kho::page_size);
    Page page;
    const std::uint64_t at = value(header_at);
    // A block of one page is in no array of sessions or files, which are larger.
    if (!is_preserved_block(request, header_at, 0) ||
        !machine.read(header_at, std::as_writable_bytes(std::span(&page, 1))))
        return refuse(Status::flbs_not_preserved, 0, at, "FLBs at 0x%" PRIx64 ": not a preserved page", at);
    if (page.header.pgcnt != kho::abi::flb_area_pages || page.header.count > kho::abi::max_flbs)
        return refuse(Status::flbs_too_many, page.header.count, at,
                      "FLBs at 0x%" PRIx64 ": %" PRIu64 " in %" PRIu64 " pages, expected at most 63 in 1", at,
                      page.header.count, page.header.pgcnt);
    std::set<std::string_view> names;
    for (std::uint64_t i = 0; i < page.header.count; ++i) {
        const Entry &flb = page.entries[i];
        const std::uint64_t entry_at = at + sizeof page.header + i * sizeof flb;
        const std::string_view name(flb.name, strnlen(flb.name, sizeof flb.name));
        if (name.empty() || name.size() == sizeof flb.name || !names.insert(name).second)
            return refuse(Status::flb_name, i, entry_at,
                          "FLB [%" PRIu64 "]: the name is empty, unterminated, or taken", i);
        if (flb.count == 0 || flb.count > kho::abi::max_flb_references)
            return refuse(Status::flb_references, i, entry_at,
                          "FLB [%" PRIu64 "]: %" PRIu64 " references, expected 1 to 2147483647", i,
                          flb.count);
        request.flbs.push_back({.name = std::string(name), .data = flb.data, .count = flb.count});
    }
    request.flb_header = header_at;
    request.replaced.push_back({header_at, 0, 1});
    return {};
}

// Where the arrays lie. What is dropped from the handover for it is a whole block or nothing, whatever other
// CPUs write there meanwhile.
void note_arrays(const Machine &machine, KexecRequest &request) {
    constexpr unsigned session_order = 4, file_order = 1;
    static_assert(kho::abi::session_area_pages == 1 << session_order &&
                  kho::abi::file_area_pages == 1 << file_order);
    request.replaced.push_back({request.session_header, session_order, 1});
    for (std::uint64_t i = 0; i < request.sessions.size(); ++i) {
        const auto session = machine.load<kho::abi::luo_session_ser>(
            request.session_header +
            (sizeof(kho::abi::luo_session_header_ser) + i * sizeof(kho::abi::luo_session_ser)));
        if (session && session.value().file_set.files != 0)
            request.replaced.push_back({PhysAddr{session.value().file_set.files}, file_order, 1});
    }
}

Refusal check_sessions(const Machine &machine, const Descriptor &descriptor, KexecRequest &request) {
    request.session_header = PhysAddr{descriptor.session_header};
    request.liveupdate_number = descriptor.liveupdate_number;
    if (descriptor.session_header != 0) {
        auto sessions = kho::read_luo_sessions(machine, request.session_header, request.preserved_ranges);
        if (!sessions)
            return refusal(sessions.error());
        request.sessions = std::move(sessions.value());
        note_arrays(machine, request);
    }
    return descriptor.flb_header != 0 ? check_flbs(machine, PhysAddr{descriptor.flb_header}, request)
                                      : Refusal{};
}

// What this kernel says of itself.
Refusal read_described(const Machine &machine, const RangeSet &ram, const Descriptor &descriptor,
                       KexecRequest &request) {
    auto scratch =
        read_array<kho::abi::kho_scratch>(machine, ram, descriptor.scratch, max_scratch_areas, "scratch");
    if (!scratch)
        return scratch.error();
    const auto preserved =
        read_array<PreservedRange>(machine, ram, descriptor.preserved, max_preserved_ranges, "preserved");
    if (!preserved)
        return preserved.error();
    const auto subtrees = read_array<Subtree>(machine, ram, descriptor.subtrees, max_subtrees, "subtrees");
    if (!subtrees)
        return subtrees.error();
    request.scratch = std::move(scratch.value());
    if (Refusal r = check_scratch(request); r.status != Status::ok)
        return r;
    if (Refusal r = check_preserved(preserved.value(), request); r.status != Status::ok)
        return r;
    if (Refusal r = check_subtrees(subtrees.value(), request); r.status != Status::ok)
        return r;
    return check_sessions(machine, descriptor, request);
}

// What was found, checked against this machine as if it had been described.
Refusal take_found(Checked<FoundHandover> found, KexecRequest &request) {
    if (!found)
        return found.error();
    for (const Range &area : found.value().scratch) request.scratch.push_back({value(area.start), area.size});
    std::vector<PreservedRange> preserved;
    for (const kho::PreservedBlocks &blocks : found.value().preserved)
        preserved.push_back({value(blocks.address), blocks.order, blocks.count});
    std::vector<Range> all = found.value().scratch;
    all.insert(all.end(), found.value().unpreserved.ranges().begin(),
               found.value().unpreserved.ranges().end());
    for (const kho::PreservedBlocks &blocks : found.value().preserved) all.push_back(blocks.range());
    const RangeSet outside = RangeSet(std::move(all)).minus(request.usable);
    if (!outside.empty())
        return refuse(Status::handover_does_not_fit, 0, value(outside.ranges().front().start),
                      "the handover has memory at 0x%" PRIx64 " that is not usable RAM here",
                      value(outside.ranges().front().start));
    if (Refusal r = check_scratch(request); r.status != Status::ok)
        return r;
    if (Refusal r = check_preserved(preserved, request); r.status != Status::ok)
        return r;
    request.found = std::move(found.value());
    return {};
}

}  // namespace

bool is_preserved_block(const KexecRequest &request, PhysAddr address, unsigned order) {
    const auto behind =
        std::ranges::upper_bound(request.preserved, address, {}, &kho::PreservedBlocks::address);
    if (behind == request.preserved.begin())
        return false;
    const kho::PreservedBlocks &blocks = *std::prev(behind);
    return blocks.order == order && address < blocks.range().end() &&
           (address - blocks.address) % kho::order_bytes(order) == 0;
}

Checked<KexecRequest> read_descriptor(const Machine &machine, PhysAddr address,
                                      const std::string &recording) {
    const RangeSet ram = machine.ram();
    const auto header = read_header(machine, ram, address);
    if (!header)
        return header.error();
    const Descriptor &descriptor = header.value();
    const auto map =
        read_array<MemoryRange>(machine, ram, descriptor.memory_map, max_memory_ranges, "memory map");
    if (!map)
        return map.error();

    KexecRequest request;
    request.acpi_rsdp = descriptor.acpi_rsdp;
    if (Refusal r = check_memory_map(ram, map.value(), request); r.status != Status::ok)
        return r;
    Refusal refusal;
    if (descriptor.flags == found_in_memory)
        refusal = take_found(find_handover(machine, PhysAddr{descriptor.handover}), request);
    else if (descriptor.flags == found_in_recording)
        refusal = take_found(open_recording(recording), request);
    else
        refusal = read_described(machine, ram, descriptor, request);
    if (refusal.status != Status::ok)
        return refusal;
    return request;
}

}  // namespace kexec_handover
