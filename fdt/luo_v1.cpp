// SPDX-License-Identifier: GPL-2.0-or-later
// The luo-v1 FDT.
#include "fdt/luo_v1.h"

#include "fdt/abi/luo.h"
#include "fdt/fdt_page.h"

namespace kho {

Result<std::vector<std::byte>> write_luo_v1_fdt(std::uint64_t liveupdate_number, PhysAddr session_header,
                                                PhysAddr flb_header) {
    FdtWriter writer;
    writer.begin_node("");
    writer.string_property("compatible", abi::luo_v1_compatible);
    writer.u64_property(abi::liveupdate_number_property, liveupdate_number);
    writer.begin_node(abi::luo_session_node);
    writer.string_property("compatible", abi::luo_session_v2_compatible);
    writer.u64_property(abi::luo_session_header_property, value(session_header));
    writer.end_node();
    if (value(flb_header) != 0) {
        writer.begin_node(abi::luo_flb_node);
        writer.string_property("compatible", abi::luo_flb_v1_compatible);
        writer.u64_property(abi::luo_flb_header_property, value(flb_header));
        writer.end_node();
    }
    writer.end_node();
    return writer.finish();
}

}  // namespace kho
