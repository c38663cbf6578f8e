// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/write/internal/fdt.h"

#include <string>

#include "fdt/abi/memblock.h"
#include "fdt/base/internal/fdt_page.h"

namespace kho {

Result<FdtBytes> write_kho_fdt(const KhoFormat &format, PhysAddr memory_map,
                               std::span<const Subtree> subtrees) {
    FdtWriter writer;
    writer.begin_node("");
    writer.string_property("compatible", std::string(format.compatible).c_str());
    writer.u64_property(abi::memory_map_property, value(memory_map));
    for (const Subtree &subtree : subtrees) {
        writer.begin_node(subtree.name.c_str());
        writer.u64_property(format.address_property, value(subtree.address));
        if (format.size_property != nullptr)
            writer.u64_property(format.size_property, subtree.size);
        writer.end_node();
    }
    writer.end_node();
    return writer.finish();
}

Result<FdtBytes> write_memblock_fdt(std::span<const MemblockReservation> reservations) {
    FdtWriter writer;
    writer.begin_node("");
    writer.string_property("compatible", abi::memblock_v1_compatible);
    for (const MemblockReservation &reservation : reservations) {
        writer.begin_node(reservation.name.c_str());
        writer.string_property("compatible", abi::reserve_mem_v1_compatible);
        writer.u64_property(abi::reserve_mem_start_property, value(reservation.range.start));
        writer.u64_property(abi::reserve_mem_size_property, reservation.range.size);
        writer.end_node();
    }
    writer.end_node();
    return writer.finish();
}

}  // namespace kho
