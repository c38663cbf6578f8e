// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/luo/luo_fdt.h"

#include "fdt/abi/luo.h"
#include "guest/kho/fdt_property.h"

extern "C" {
#include <libfdt.h>
}

namespace guest {

using namespace kho::abi;

Errno read_luo_fdt(Pages &pages, kho::PhysAddr at, LuoFdt &out, Place &place) {
    const std::uint64_t address = kho::value(at);
    if (!pages.is_incoming(at))
        return fail(place, Fault::metadata_not_preserved, address);
    if (pages.claim(at) != Errno::ok)
        return fail(place, Fault::metadata_shared, address);
    const void *fdt = pages.bytes(at, luo_fdt_size);
    if (fdt == nullptr || fdt_check_full(fdt, luo_fdt_size) != 0)
        return fail(place, Fault::luo_fdt_malformed, address);
    if (!fdt_string_is(fdt, 0, "compatible", luo_v1_compatible))
        return fail(place, Fault::luo_compatible, address);
    if (!fdt_u64(fdt, 0, liveupdate_number_property, out.liveupdate_number))
        return fail(place, Fault::liveupdate_number, address);
    const int node = fdt_subnode_offset(fdt, 0, luo_session_node);
    std::uint64_t header = 0;
    if (node < 0 || !fdt_string_is(fdt, node, "compatible", luo_session_v2_compatible) ||
        !fdt_u64(fdt, node, luo_session_header_property, header) || header == 0 ||
        !kho::is_aligned(header, kho::page_size))
        return fail(place, Fault::session_node, address);
    out.session_header = kho::PhysAddr{header};
    return Errno::ok;
}

}  // namespace guest
