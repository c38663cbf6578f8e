// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/luo/luo_root.h"

#include "fdt/abi/flat_tree.h"
#include "fdt/abi/luo_v5.h"
#include "guest/kho/fdt_property.h"
#include "guest/luo/name.h"

extern "C" {
#include <libfdt.h>
}

namespace guest {

using namespace kho::abi;

namespace {

Errno claim_root(Pages &pages, kho::PhysAddr at, Place &place) {
    if (!pages.is_incoming(at))
        return fail(place, Fault::metadata_not_preserved, kho::value(at));
    return pages.claim(at) == Errno::ok ? Errno::ok : fail(place, Fault::metadata_shared, kho::value(at));
}

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

Errno read_luo_fdt(Pages &pages, kho::PhysAddr at, LuoRoot &out, Place &place) {
    const std::uint64_t address = kho::value(at);
    if (const Errno error = claim_root(pages, at, place); error != Errno::ok)
        return error;
    const void *fdt = pages.bytes(at, luo_fdt_size);
    if (fdt == nullptr || !is_sound_for_libfdt(fdt, luo_fdt_size) || fdt_check_full(fdt, luo_fdt_size) != 0)
        return fail(place, Fault::luo_fdt_malformed, address);
    if (!fdt_string_is(fdt, 0, "compatible", luo_v1_compatible))
        return fail(place, Fault::luo_compatible, address);
    out = {.format = &luo_v1};
    if (!fdt_u64(fdt, 0, liveupdate_number_property, out.liveupdate_number))
        return fail(place, Fault::liveupdate_number, address);
    const int sessions = fdt_subnode_offset(fdt, 0, luo_session_node);
    if (sessions < 0 ||
        !header_address(fdt, sessions, luo_session_v2_compatible, luo_session_header_property, out.sessions))
        return fail(place, Fault::session_node, address);
    const int flbs = fdt_subnode_offset(fdt, 0, luo_flb_node);
    if (flbs >= 0 && !header_address(fdt, flbs, luo_flb_v1_compatible, luo_flb_header_property, out.flbs))
        return fail(place, Fault::flb_node, address);
    return Errno::ok;
}

Errno read_luo_ser(Pages &pages, kho::PhysAddr at, std::uint64_t size, LuoRoot &out, Place &place) {
    const std::uint64_t address = kho::value(at);
    if (size < sizeof(luo_ser) || size > kho::page_size)
        return fail(place, Fault::luo_size, address, size);
    if (const Errno error = claim_root(pages, at, place); error != Errno::ok)
        return error;
    luo_ser ser{};
    if (!pages.window().load(at, ser) || terminated(ser.compatible) != std::string_view(luo_v5_compatible))
        return fail(place, Fault::luo_compatible, address);
    if (!kho::is_aligned(ser.sessions_pa | ser.flbs_pa, kho::page_size))
        return fail(place, Fault::block_address, ser.sessions_pa | ser.flbs_pa);
    out = {.format = &luo_v5,
           .liveupdate_number = ser.liveupdate_num,
           .sessions = kho::PhysAddr{ser.sessions_pa},
           .flbs = kho::PhysAddr{ser.flbs_pa}};
    return Errno::ok;
}

Errno read_luo_root(Pages &pages, const KhoFormat &format, const IncomingHandover::Subtree &subtree,
                    LuoRoot &out, Place &place) {
    const LuoFormat *luo = luo_format_under(format.compatible);
    if (luo == nullptr)
        return fail(place, Fault::luo_compatible, kho::value(subtree.address));
    return luo->read_root(pages, subtree.address, subtree.size, out, place);
}

}  // namespace guest
