// SPDX-License-Identifier: GPL-2.0-or-later
// The luo-v1 FDT.
#include "fdt/luo_v1.h"

#include "fdt/abi/luo.h"
#include "fdt/fdt_page.h"
#include "fdt/text.h"

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

Result<Luo> read_luo_v1(const Memory &memory, PhysAddr fdt_address, const RangeSet &preserved) {
    const Result<FdtPage> loaded = FdtPage::read(memory, fdt_address, abi::luo_fdt_size);
    if (!loaded)
        return loaded.error();
    if (!preserved.contains({fdt_address, abi::luo_fdt_size}))
        return Error{.code = Errc::not_preserved, .address = value(fdt_address), .what = "the LUO FDT"};
    const FdtPage &fdt = loaded.value();
    if (Outcome outcome = fdt.expect_compatible(FdtPage::root, abi::luo_v1_compatible); !outcome)
        return outcome.error();
    const Result<std::uint64_t> number = fdt.u64_property(FdtPage::root, abi::liveupdate_number_property);
    if (!number)
        return number.error();

    const std::optional<int> node = fdt.child(FdtPage::root, abi::luo_session_node);
    if (!node)
        return Error{.code = Errc::property_missing,
                     .address = value(fdt_address),
                     .what = std::string("no node ") + abi::luo_session_node};
    if (Outcome outcome = fdt.expect_compatible(*node, abi::luo_session_v2_compatible); !outcome)
        return outcome.error();
    const Result<std::uint64_t> header = fdt.u64_property(*node, abi::luo_session_header_property);
    if (!header)
        return header.error();

    Result<std::vector<LuoSession>> sessions = read_luo_sessions(memory, PhysAddr{header.value()}, preserved);
    if (!sessions)
        return sessions.error();
    return Luo{.liveupdate_number = number.value(),
               .session_header = PhysAddr{header.value()},
               .sessions = std::move(sessions).value()};
}

}  // namespace kho
