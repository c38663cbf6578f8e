// SPDX-License-Identifier: GPL-2.0-or-later
// The luo-v1 FDT of 6.19 to 7.1. Follows kernel/liveupdate/luo_core.c, luo_session.c and luo_flb.c.
#include <algorithm>

#include "fdt/abi/luo_v5.h"
#include "fdt/base/internal/fdt_page.h"
#include "fdt/codec/internal/read_context.h"
#include "fdt/formats/internal/codecs.h"

namespace kho {
namespace {

class LuoFdt final : public LuoRootCodec {
public:
    std::string_view name() const override { return "FDT"; }
    std::span<const Structure> structures() const override;
    std::vector<FormatMark> marks(bool flbs) const override;
    bool recognizes(std::span<const std::byte> blob) const override;
    std::uint64_t least_size() const override;
    bool read(ReadContext &context, std::vector<std::byte> blob, const LuoFormat &format,
              bool insists_on_flbs, Luo &luo) const override;
    Result<std::uint64_t> write(const Luo &luo, bool flbs, const MetadataPages::Block &page) const override;
};

constexpr Scope luo_scope{.base = "/LUO"};

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

}  // namespace

// An FDT has no structure of its own.
std::span<const Structure> LuoFdt::structures() const { return {}; }

std::vector<FormatMark> LuoFdt::marks(bool flbs) const {
    std::vector<FormatMark> marks{{"LUO/luo-session: compatible", abi::luo_session_v2_compatible}};
    if (flbs)
        marks.push_back({"LUO/luo-flb: compatible", abi::luo_flb_v1_compatible});
    return marks;
}

bool LuoFdt::recognizes(std::span<const std::byte> blob) const { return fdt_total_size(blob).has_value(); }

// As much as from 7.2 on: a smaller FDT is reported as an invalid one.
std::uint64_t LuoFdt::least_size() const { return sizeof(abi::luo_ser); }

bool LuoFdt::read(ReadContext &context, std::vector<std::byte> blob, const LuoFormat &format,
                  bool insists_on_flbs, Luo &luo) const {
    const Result<FdtPage> parsed = FdtPage::parse(std::move(blob), luo.root);
    if (!parsed) {
        context.fault(Check::luo_fdt, luo_scope, value(luo.root), 0, [&] { return parsed.error().what; });
        return false;
    }
    const FdtPage &fdt = parsed.value();
    if (!context.compatible(fdt, FdtPage::root, std::span(&format.compatible, 1), Check::luo_compatible,
                            luo_scope))
        return false;
    luo.format = &format;
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
    // 6.19 knows no FLBs; 7.0 and 7.1 write the same compatibles but insist on the node.
    if (const auto node = fdt.child(FdtPage::root, abi::luo_flb_node)) {
        if (const auto header =
                read_node(context, fdt, *node, abi::luo_flb_v1_compatible, abi::luo_flb_header_property,
                          Check::luo_flb_node, Check::luo_flb_compatible)) {
            luo.flb_header = PhysAddr{*header};
            luo.flbs.emplace();
        }
    } else if (insists_on_flbs) {
        missing_node(context, fdt, Check::luo_flb_node, abi::luo_flb_node);
    }
    return has_sessions;
}

Result<std::uint64_t> LuoFdt::write(const Luo &luo, bool flbs, const MetadataPages::Block &page) const {
    FdtWriter writer;
    writer.begin_node("");
    writer.string_property("compatible", abi::luo_v1_compatible);
    writer.u64_property(abi::liveupdate_number_property, luo.liveupdate_number);
    writer.begin_node(abi::luo_session_node);
    writer.string_property("compatible", abi::luo_session_v2_compatible);
    writer.u64_property(abi::luo_session_header_property, value(luo.session_header));
    writer.end_node();
    if (flbs) {
        writer.begin_node(abi::luo_flb_node);
        writer.string_property("compatible", abi::luo_flb_v1_compatible);
        writer.u64_property(abi::luo_flb_header_property, value(luo.flb_header));
        writer.end_node();
    }
    writer.end_node();
    const Result<std::vector<std::byte>> fdt = writer.finish();
    if (!fdt)
        return fdt.error();
    std::ranges::copy(fdt.value(), page.bytes.begin());
    return *fdt_total_size(fdt.value());
}

const LuoRootCodec &luo_fdt() {
    static const LuoFdt codec;
    return codec;
}

}  // namespace kho
