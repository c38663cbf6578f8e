// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/luo/luo_fdt.h"

#include "fdt/abi/luo.h"
#include "guest/kho/fdt_property.h"

extern "C" {
#include <libfdt.h>
}

namespace guest {

using namespace kho::abi;

namespace {

// The page-aligned address in a child node of this name and compatible.
bool header_address(const void *fdt, int node, const char *compatible, const char *property,
                    kho::PhysAddr &out) {
    std::uint64_t address = 0;
    if (!fdt_string_is(fdt, node, "compatible", compatible) || !fdt_u64(fdt, node, property, address) ||
        address == 0 || !kho::is_aligned(address, kho::page_size))
        return false;
    out = kho::PhysAddr{address};
    return true;
}

}  // namespace

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
    const int sessions = fdt_subnode_offset(fdt, 0, luo_session_node);
    if (sessions < 0 || !header_address(fdt, sessions, luo_session_v2_compatible, luo_session_header_property,
                                        out.session_header))
        return fail(place, Fault::session_node, address);
    const int flbs = fdt_subnode_offset(fdt, 0, luo_flb_node);
    if (flbs >= 0 &&
        !header_address(fdt, flbs, luo_flb_v1_compatible, luo_flb_header_property, out.flb_header))
        return fail(place, Fault::flb_node, address);
    return Errno::ok;
}

}  // namespace guest
