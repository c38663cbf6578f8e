// SPDX-License-Identifier: GPL-2.0-or-later
// The scratch array and the KHO FDT.
#include <algorithm>
#include <unordered_set>

#include "fdt/read/internal/parts.h"

namespace kho {
namespace {

constexpr Scope scratch_scope{.base = "/scratch"};

// Kernels write two areas and one for each NUMA node, of which Linux knows 1024 at most.
constexpr std::uint64_t max_scratch_areas = 4096;

void report_overlaps(ReadContext &context, const abi::kho_data &data, const std::vector<Range> &areas) {
    struct Area {
        Range range;
        std::size_t index;
    };
    std::vector<Area> sorted;
    for (std::size_t i = 0; i < areas.size(); i++)
        if (!areas[i].empty())
            sorted.push_back({areas[i], i});
    std::ranges::sort(sorted, [](const Area &a, const Area &b) { return a.range.start < b.range.start; });
    for (std::size_t i = 1; i < sorted.size(); i++)
        if (sorted[i].range.overlaps(sorted[i - 1].range)) {
            const std::size_t first = std::min(sorted[i].index, sorted[i - 1].index);
            const std::size_t second = std::max(sorted[i].index, sorted[i - 1].index);
            context.fault(Check::scratch_overlap, scratch_scope, data.scratch_addr, second, [&] {
                return "area " + hex(value(areas[second].start)) + " overlaps area " + std::to_string(first) +
                       " at " + hex(value(areas[first].start));
            });
        }
}

void read_subtree(ReadContext &context, const FdtPage &fdt, int node, std::uint64_t index,
                  std::unordered_set<std::string> &names) {
    const std::string name = fdt.name(node);
    const std::string path = "/" + printable(name);
    const Scope scope{.base = path};
    const KhoFormat &format = *context.handover.format;
    const std::uint64_t at = value(fdt.address());
    if (name.empty() || !names.insert(name).second)
        context.fault(Check::subtree_name, scope, at, index, [&] {
            return name.empty() ? std::string("a subtree without a name")
                                : "subtree " + in_quotes(name) + " is there twice";
        });
    const auto address = context.u64(fdt, node, format.address_property, Check::subtree_property, scope);
    std::optional<std::uint64_t> size = page_size;
    if (format.has_sizes())
        size = context.u64(fdt, node, format.size_property, Check::subtree_property, scope);
    if (!address || !size)
        return;
    if (!context.page_address(*address, "subtree " + in_quotes(name), Check::subtree_address, scope, at,
                              index))
        return;
    const std::optional<Range> range = Range::checked(*address, *size);
    // The last page of the address space stays unused, so that no end of a page wraps.
    if (!range || range->empty() || value(range->end()) > UINT64_MAX - page_size) {
        context.fault(Check::subtree_size, scope, at, index,
                      [&] { return "blob of " + std::to_string(*size) + " bytes at " + hex(*address); });
        return;
    }
    context.handover.subtrees.push_back({.name = name, .address = range->start, .size = *size});
}

}  // namespace

bool read_scratch(ReadContext &context, const abi::kho_data &data) {
    constexpr std::uint64_t entry = sizeof(abi::kho_scratch);
    if (data.scratch_addr == 0 || data.scratch_size == 0 || data.scratch_size % entry != 0 ||
        data.scratch_size / entry > max_scratch_areas) {
        context.fault(Check::scratch_array, scratch_scope, data.scratch_addr, 0, [&] {
            return "array of " + std::to_string(data.scratch_size) + " bytes at " + hex(data.scratch_addr) +
                   ", expected 1 to " + std::to_string(max_scratch_areas) + " entries of 16";
        });
        return false;
    }
    std::vector<abi::kho_scratch> array(data.scratch_size / entry);
    if (!context.read(PhysAddr{data.scratch_addr}, std::as_writable_bytes(std::span(array)),
                      Check::scratch_array, scratch_scope, data.scratch_addr, 0))
        return false;
    context.handover.scratch_array = {PhysAddr{data.scratch_addr}, data.scratch_size};
    context.claim(context.handover.scratch_array, UseKind::scratch_array, scratch_scope);

    std::vector<Range> &areas = context.handover.scratch;
    bool sound = true;
    for (std::size_t i = 0; i < array.size(); i++) {
        const std::optional<Range> area = Range::checked(array[i].addr, array[i].size);
        if (area && is_page_aligned(area->start) && is_aligned(area->size, page_size)) {
            areas.push_back(*area);
            continue;
        }
        sound = false;
        context.fault(Check::scratch_area, scratch_scope, data.scratch_addr, i, [&] {
            return "area " + hex(array[i].addr) + " + " + hex(array[i].size) +
                   (area ? " is not page aligned" : " wraps");
        });
    }
    if (!sound)
        return false;
    report_overlaps(context, data, areas);
    if (std::ranges::all_of(areas, &Range::empty))
        context.fault(Check::scratch_empty, scratch_scope, data.scratch_addr, 0, [&] {
            return "all " + std::to_string(areas.size()) + " areas have size 0, expected a larger one";
        });
    return true;
}

bool read_kho_fdt(ReadContext &context, const Formats &formats, const FdtPage &fdt) {
    const Scope root;
    Handover &handover = context.handover;
    const std::vector<const KhoFormat *> known = formats.kho();
    std::vector<std::string_view> strings;
    for (const KhoFormat *format : known) strings.push_back(format->compatible);
    const auto compatible = context.compatible(fdt, FdtPage::root, strings, Check::kho_compatible, root);
    if (!compatible)
        return false;
    handover.format = known[*compatible];
    std::unordered_set<std::string> names;
    std::uint64_t index = 0;
    for (const int node : fdt.children(FdtPage::root)) read_subtree(context, fdt, node, index++, names);
    const auto map = context.u64(fdt, FdtPage::root, abi::memory_map_property, Check::map_property, root);
    if (map)
        handover.memory_map = PhysAddr{*map};
    return map.has_value();
}

}  // namespace kho
