// SPDX-License-Identifier: GPL-2.0-or-later
// The root of LUO: the luo-v1 FDT of 6.19 to 7.1, or luo_ser (luo-v5) from 7.2 on; and the FLBs.
// Follows kernel/liveupdate/luo_core.c and luo_flb.c.
#include <cstring>
#include <unordered_set>

#include <libfdt.h>

#include "fdt/abi/luo_v5.h"
#include "fdt/read/internal/context.h"

namespace kho {
namespace {

constexpr Scope luo_scope{.base = "/LUO"};
constexpr Scope flb_scope{.base = "/LUO/flbs"};

// Which root goes with which map: what 7.1 and 7.2 changed, they changed one at a time.
LuoFormat expected_format(KhoFormat format) {
    return format == KhoFormat::v4 ? LuoFormat::v5 : LuoFormat::v1;
}

// A node of the LUO FDT that holds a compatible and an address.
std::optional<std::uint64_t> read_node(ReadContext &context, const FdtPage &fdt, int node,
                                       std::string_view compatible, const char *property, Check node_check,
                                       Check compatible_check) {
    const Result<std::size_t> found = fdt.compatible(node, std::span(&compatible, 1));
    if (!found) {
        const bool missing = found.error().code == Errc::property_missing;
        context.fault(missing ? node_check : compatible_check, luo_scope, value(fdt.address()), 0,
                      [&] { return found.error().what; });
        return std::nullopt;
    }
    return context.u64(fdt, node, property, node_check, luo_scope);
}

void missing_node(ReadContext &context, const FdtPage &fdt, Check check, const char *node) {
    context.fault(check, luo_scope, value(fdt.address()), 0, [&] { return std::string("no node ") + node; });
}

void check_version(ReadContext &context, const Luo &luo) {
    const LuoFormat expected = expected_format(context.handover.format);
    if (context.handover.format == KhoFormat::unknown || luo.format == expected)
        return;
    context.fault(Check::luo_compatible, luo_scope, value(luo.root), 0, [&] {
        return "seen " + in_quotes(compatible(luo.format)) + ", expected " + in_quotes(compatible(expected)) +
               ", which goes with " + in_quotes(compatible(context.handover.format));
    });
}

}  // namespace

bool read_luo_fdt(ReadContext &context, const FdtPage &fdt, Luo &luo) {
    constexpr std::string_view compatible = abi::luo_v1_compatible;
    luo.format = LuoFormat::v1;
    if (!context.compatible(fdt, FdtPage::root, std::span(&compatible, 1), Check::luo_compatible,
                            luo_scope)) {
        luo.format = LuoFormat::unknown;
        return false;
    }
    bool has_sessions = false;
    if (const auto number =
            context.u64(fdt, FdtPage::root, abi::liveupdate_number_property, Check::luo_number, luo_scope))
        luo.liveupdate_number = *number;
    if (const auto node = fdt.child(FdtPage::root, abi::luo_session_node)) {
        if (const auto header = read_node(context, fdt, *node, abi::luo_session_v2_compatible,
                                          abi::luo_session_header_property, Check::luo_session_node,
                                          Check::luo_session_compatible)) {
            luo.session_header = PhysAddr{*header};
            has_sessions = true;
        }
    } else {
        missing_node(context, fdt, Check::luo_session_node, abi::luo_session_node);
    }
    // 6.19 knows no FLBs; 7.0 writes the same compatibles but insists on the node, and so does 7.1.
    if (const auto node = fdt.child(FdtPage::root, abi::luo_flb_node)) {
        if (const auto header =
                read_node(context, fdt, *node, abi::luo_flb_v1_compatible, abi::luo_flb_header_property,
                          Check::luo_flb_node, Check::luo_flb_compatible)) {
            luo.flb_header = PhysAddr{*header};
            luo.flbs.emplace();
        }
    } else if (context.handover.format == KhoFormat::v3) {
        missing_node(context, fdt, Check::luo_flb_node, abi::luo_flb_node);
    }
    return has_sessions;
}

bool read_luo_ser(ReadContext &context, std::span<const std::byte> blob, Luo &luo) {
    luo.format = LuoFormat::unknown;
    abi::luo_ser ser;
    if (blob.size() < sizeof ser) {
        context.fault(Check::luo_size, luo_scope, value(luo.root), 0, [&] {
            return std::to_string(blob.size()) + " bytes, expected at least " + std::to_string(sizeof ser);
        });
        return false;
    }
    std::memcpy(&ser, blob.data(), sizeof ser);
    const std::optional<std::string_view> seen = terminated(ser.compatible);
    if (seen != abi::luo_v5_compatible) {
        context.fault(Check::luo_compatible, luo_scope, value(luo.root), 0, [&] {
            return "expected " + in_quotes(abi::luo_v5_compatible) + ", seen " +
                   in_quotes(seen.value_or(std::string_view(ser.compatible, sizeof ser.compatible)));
        });
        return false;
    }
    luo.format = LuoFormat::v5;
    luo.liveupdate_number = ser.liveupdate_num;
    luo.session_header = PhysAddr{ser.sessions_pa};
    luo.flb_header = PhysAddr{ser.flbs_pa};
    if (ser.flbs_pa != 0)
        luo.flbs.emplace();
    return true;
}

void read_flbs(ReadContext &context, PhysAddr header, std::vector<LuoFlb> &flbs) {
    const std::uint64_t at = value(header);
    if (!context.page_address(at, "FLB array", Check::flb_address, flb_scope, at, 0))
        return;
    const Range page{header, abi::flb_area_pages * page_size};
    struct {
        abi::luo_flb_header_ser header;
        abi::luo_flb_ser entries[abi::max_flbs];
    } area;
    static_assert(sizeof area <= page_size);
    if (!context.load(header, area, Check::flb_address, flb_scope, at, 0))
        return;
    context.require_preserved(page, "FLB array", flb_scope);
    if (!context.claim(page, UseKind::flb_array, flb_scope))
        return;
    context.expect_block(header, 0, "FLB array", flb_scope);
    if (area.header.pgcnt != abi::flb_area_pages)
        context.fault(Check::flb_pages, flb_scope, at, 0,
                      [&] { return "pgcnt is " + std::to_string(area.header.pgcnt) + ", expected 1"; });
    if (area.header.count > abi::max_flbs) {
        context.fault(Check::flb_count, flb_scope, at, 0, [&] {
            return std::to_string(area.header.count) + " FLBs, expected at most " +
                   std::to_string(abi::max_flbs);
        });
        return;
    }
    std::unordered_set<std::string_view> names;
    for (std::uint64_t i = 0; i < area.header.count; i++) {
        const abi::luo_flb_ser &entry = area.entries[i];
        const std::uint64_t entry_at = at + sizeof area.header + i * sizeof entry;
        const std::string path = "/LUO/flbs/" + std::to_string(i);
        const Scope scope{.base = path};
        const std::optional<std::string_view> name = terminated(entry.name);
        if (!name || name->empty())
            context.fault(Check::flb_name, scope, entry_at, i, [&] {
                return "name " + in_quotes({entry.name, name ? 0 : sizeof entry.name}) +
                       (name ? " is empty" : " has no end");
            });
        else if (!names.insert(*name).second)
            context.fault(Check::flb_name_twice, scope, entry_at, i,
                          [&] { return "name " + in_quotes(*name) + " is there twice"; });
        if (entry.count == 0)
            context.fault(Check::flb_reference_count, scope, entry_at, i,
                          [] { return std::string("count is 0, expected at least one file"); });
        flbs.push_back({.name = std::string(name.value_or(std::string_view(entry.name, sizeof entry.name))),
                        .data = entry.data,
                        .count = entry.count});
    }
}

void read_luo(ReadContext &context, const Subtree &subtree) {
    Luo luo{.root = subtree.address};
    const bool sized = context.handover.format != KhoFormat::v1;
    if (sized && subtree.size < sizeof(abi::luo_ser)) {
        context.fault(Check::luo_size, luo_scope, value(subtree.address), 0, [&] {
            return "blob-size is " + std::to_string(subtree.size) + ", expected at least " +
                   std::to_string(sizeof(abi::luo_ser));
        });
        return;
    }
    std::vector<std::byte> blob(std::min(subtree.size, page_size));
    if (!context.read(subtree.address, blob, Check::subtree_address, luo_scope, value(context.handover.fdt),
                      0))
        return;
    const Range page{subtree.address, page_size};
    context.require_preserved(page, "LUO root", luo_scope);
    if (!context.claim(page, UseKind::luo_root, luo_scope))
        return;
    context.expect_block(subtree.address, 0, "LUO root", luo_scope);
    // By its content, so that a root of the wrong generation can be read too.
    bool has_sessions = false;
    const bool is_fdt = blob.size() >= sizeof(fdt_header) && fdt_magic(blob.data()) == FDT_MAGIC;
    if (is_fdt || expected_format(context.handover.format) == LuoFormat::v1) {
        const Result<FdtPage> fdt = FdtPage::parse(std::move(blob), subtree.address);
        if (!fdt) {
            context.fault(Check::luo_fdt, luo_scope, value(subtree.address), 0,
                          [&] { return fdt.error().what; });
            return;
        }
        has_sessions = read_luo_fdt(context, fdt.value(), luo);
    } else {
        has_sessions = read_luo_ser(context, blob, luo);
    }
    if (luo.format == LuoFormat::unknown)
        return;
    check_version(context, luo);
    if (luo.format == LuoFormat::v5)
        read_session_blocks(context, luo.session_header, luo.sessions);
    else if (has_sessions)
        read_session_array(context, luo.session_header, luo.sessions);
    if (luo.flbs)
        read_flbs(context, luo.flb_header, *luo.flbs);
    read_file_data(context, luo);
    context.handover.luo = std::move(luo);
}

}  // namespace kho
