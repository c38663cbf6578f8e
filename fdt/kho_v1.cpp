// SPDX-License-Identifier: GPL-2.0-or-later
// The kho-v1 FDT, the scratch array, and how the parts of a handover are found from kho_data.
#include "fdt/kho_v1.h"

#include "fdt/abi/luo.h"
#include "fdt/fdt_page.h"
#include "fdt/luo_v1.h"
#include "fdt/text.h"

namespace kho {
namespace {

// Kernels write two areas and one for each NUMA node, of which Linux knows 1024 at most.
constexpr std::uint64_t max_scratch_areas = 4096;

Error scratch_error(const abi::kho_data &data, std::uint64_t index, std::string what) {
    return {
        .code = Errc::scratch_array, .address = data.scratch_addr, .index = index, .what = std::move(what)};
}

Result<std::vector<Range>> read_scratch(const Memory &memory, const abi::kho_data &data) {
    constexpr std::uint64_t entry = sizeof(abi::kho_scratch);
    if (data.scratch_addr == 0 || data.scratch_size == 0 || data.scratch_size % entry != 0 ||
        data.scratch_size / entry > max_scratch_areas)
        return scratch_error(data, 0, "array of " + std::to_string(data.scratch_size) + " bytes");
    std::vector<abi::kho_scratch> array(data.scratch_size / entry);
    if (Outcome outcome = memory.read(PhysAddr{data.scratch_addr}, std::as_writable_bytes(std::span(array)));
        !outcome)
        return outcome.error();

    std::vector<Range> areas;
    areas.reserve(array.size());
    RangeSet seen;
    for (std::size_t i = 0; i < array.size(); i++) {
        const std::optional<Range> area = Range::checked(array[i].addr, array[i].size);
        if (!area || !is_page_aligned(area->start) || !is_aligned(area->size, page_size))
            return scratch_error(
                data, i,
                "area " + hex(array[i].addr) + " + " + hex(array[i].size) + " wraps or is not page aligned");
        if (seen.overlaps(*area))
            return scratch_error(data, i, "area " + hex(array[i].addr) + " overlaps an earlier one");
        seen.add(*area);
        areas.push_back(*area);
    }
    if (seen.empty())
        return scratch_error(data, 0, "all areas are empty");
    return areas;
}

Outcome check_not_preserved(const abi::kho_data &data, const std::vector<Range> &scratch,
                            const RangeSet &preserved) {
    for (std::size_t i = 0; i < scratch.size(); i++)
        if (preserved.overlaps(scratch[i]))
            return scratch_error(data, i, "area " + hex(value(scratch[i].start)) + " holds preserved memory");
    return success();
}

Result<std::vector<Subtree>> read_subtrees(const FdtPage &fdt, PhysAddr fdt_address) {
    std::vector<Subtree> subtrees;
    for (const int node : fdt.children(FdtPage::root)) {
        const Result<std::uint64_t> address = fdt.u64_property(node, abi::sub_fdt_property);
        if (!address)
            return address.error();
        if (address.value() == 0 || !is_aligned(address.value(), page_size))
            return Error{.code = Errc::subtree_address,
                         .address = value(fdt_address),
                         .index = subtrees.size(),
                         .what = "subtree " + in_quotes(fdt.name(node)) + " at " + hex(address.value()) +
                                 ", expected a page's address"};
        subtrees.push_back({.name = fdt.name(node), .address = PhysAddr{address.value()}, .size = page_size});
    }
    return subtrees;
}

}  // namespace

Result<std::vector<std::byte>> write_kho_v1_fdt(PhysAddr memory_map, std::span<const Subtree> subtrees) {
    FdtWriter writer;
    writer.begin_node("");
    writer.string_property("compatible", abi::kho_v1_compatible);
    writer.u64_property(abi::memory_map_property, value(memory_map));
    for (const Subtree &subtree : subtrees) {
        writer.begin_node(subtree.name.c_str());
        writer.u64_property(abi::sub_fdt_property, value(subtree.address));
        writer.end_node();
    }
    writer.end_node();
    return writer.finish();
}

Result<Handover> read_kho_v1(const Memory &memory, const abi::kho_data &data) {
    const PhysAddr fdt_address{data.fdt_addr};
    const Result<FdtPage> loaded = FdtPage::read(memory, fdt_address, data.fdt_size);
    if (!loaded)
        return loaded.error();
    const FdtPage &fdt = loaded.value();
    if (Outcome outcome = fdt.expect_compatible(FdtPage::root, abi::kho_v1_compatible); !outcome)
        return outcome.error();
    const Result<std::uint64_t> map = fdt.u64_property(FdtPage::root, abi::memory_map_property);
    if (!map)
        return map.error();
    Result<std::vector<Subtree>> subtrees = read_subtrees(fdt, fdt_address);
    if (!subtrees)
        return subtrees.error();
    Result<std::vector<Range>> scratch = read_scratch(memory, data);
    if (!scratch)
        return scratch.error();
    Result<std::vector<PreservedBlocks>> blocks = read_kho_v1_map(memory, PhysAddr{map.value()});
    if (!blocks)
        return blocks.error();

    Handover handover{.fdt = fdt_address,
                      .memory_map = PhysAddr{map.value()},
                      .scratch_array = {PhysAddr{data.scratch_addr}, data.scratch_size},
                      .scratch = std::move(scratch).value(),
                      .preserved = std::move(blocks).value(),
                      .subtrees = std::move(subtrees).value()};
    const RangeSet preserved = preserved_ranges(handover.preserved);
    if (Outcome outcome = check_not_preserved(data, handover.scratch, preserved); !outcome)
        return outcome.error();
    for (const Subtree &subtree : handover.subtrees) {
        if (subtree.name != abi::luo_subtree_name)
            continue;
        Result<Luo> luo = read_luo_v1(memory, subtree.address, preserved);
        if (!luo)
            return luo.error();
        handover.luo = std::move(luo).value();
        break;
    }
    return handover;
}

}  // namespace kho
