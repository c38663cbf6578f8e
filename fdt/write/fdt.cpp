// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/write/internal/fdt.h"

#include <libfdt.h>

#include <cassert>
#include <string>

#include "fdt/abi/luo.h"
#include "fdt/abi/memblock.h"
#include "fdt/base/internal/fdt_page.h"

namespace kho {

Result<FdtBytes> write_kho_fdt(KhoFormat format, PhysAddr memory_map, std::span<const Subtree> subtrees) {
    assert(format != KhoFormat::unknown);
    FdtWriter writer;
    writer.begin_node("");
    writer.string_property("compatible", std::string(compatible(format)).c_str());
    writer.u64_property(abi::memory_map_property, value(memory_map));
    for (const Subtree &subtree : subtrees) {
        writer.begin_node(subtree.name.c_str());
        if (format == KhoFormat::v1) {
            writer.u64_property(abi::sub_fdt_property, value(subtree.address));
        } else {
            writer.u64_property(abi::preserved_data_property, value(subtree.address));
            writer.u64_property(abi::blob_size_property, subtree.size);
        }
        writer.end_node();
    }
    writer.end_node();
    return writer.finish();
}

Result<FdtBytes> write_luo_fdt(std::uint64_t liveupdate_number, PhysAddr session_header,
                               std::optional<PhysAddr> flb_header) {
    FdtWriter writer;
    writer.begin_node("");
    writer.string_property("compatible", abi::luo_v1_compatible);
    writer.u64_property(abi::liveupdate_number_property, liveupdate_number);
    writer.begin_node(abi::luo_session_node);
    writer.string_property("compatible", abi::luo_session_v2_compatible);
    writer.u64_property(abi::luo_session_header_property, value(session_header));
    writer.end_node();
    if (flb_header) {
        writer.begin_node(abi::luo_flb_node);
        writer.string_property("compatible", abi::luo_flb_v1_compatible);
        writer.u64_property(abi::luo_flb_header_property, value(*flb_header));
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

std::optional<std::uint64_t> fdt_total_size(std::span<const std::byte> bytes) {
    // Too short for a header: not an FDT.
    if (bytes.size() < sizeof(fdt_header) || fdt_magic(bytes.data()) != FDT_MAGIC)
        return std::nullopt;
    const std::uint64_t size = fdt_totalsize(bytes.data());
    if (size < sizeof(fdt_header))
        return std::nullopt;
    return size;
}

}  // namespace kho
