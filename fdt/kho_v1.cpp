// SPDX-License-Identifier: GPL-2.0-or-later
// The kho-v1 FDT.
#include "fdt/kho_v1.h"

#include "fdt/fdt_page.h"

namespace kho {
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

}  // namespace kho
