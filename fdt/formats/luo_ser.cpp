// SPDX-License-Identifier: GPL-2.0-or-later
// luo_ser, the root of LUO from 7.2 on. Follows kernel/liveupdate/luo_core.c.
#include <cstring>

#include "fdt/abi/luo_v5.h"
#include "fdt/codec/internal/read_context.h"
#include "fdt/formats/internal/codecs.h"

namespace kho {
namespace {

class LuoSer final : public LuoRootCodec {
public:
    std::string_view name() const override { return "structure"; }
    std::span<const Structure> structures() const override;
    std::vector<FormatMark> marks(bool flbs) const override;
    bool recognizes(std::span<const std::byte> blob) const override;
    std::uint64_t least_size() const override;
    bool read(ReadContext &context, std::vector<std::byte> blob, const LuoFormat &format,
              bool insists_on_flbs, Luo &luo) const override;
    Result<std::uint64_t> write(const Luo &luo, bool flbs, const MetadataPages::Block &page) const override;
};

constexpr Scope luo_scope{.base = "/LUO"};

constexpr StructureField root_fields[] = {
    KHO_FIELD(abi::luo_ser, compatible), KHO_FIELD(abi::luo_ser, liveupdate_num),
    KHO_FIELD(abi::luo_ser, sessions_pa), KHO_FIELD(abi::luo_ser, flbs_pa)};
constexpr Structure structure_list[] = {{"luo_ser", sizeof(abi::luo_ser), root_fields}};

}  // namespace

std::span<const Structure> LuoSer::structures() const { return structure_list; }

std::vector<FormatMark> LuoSer::marks(bool /*flbs*/) const { return {}; }

bool LuoSer::recognizes(std::span<const std::byte> blob) const {
    return std::string_view(reinterpret_cast<const char *>(blob.data()), blob.size()).starts_with("luo-v");
}

std::uint64_t LuoSer::least_size() const { return sizeof(abi::luo_ser); }

bool LuoSer::read(ReadContext &context, std::vector<std::byte> blob, const LuoFormat &format,
                  bool /*insists_on_flbs*/, Luo &luo) const {
    abi::luo_ser ser;
    if (blob.size() < sizeof ser) {
        context.fault(Check::luo_size, luo_scope, value(luo.root), 0, [&] {
            return std::to_string(blob.size()) + " bytes, expected at least " + std::to_string(sizeof ser);
        });
        return false;
    }
    std::memcpy(&ser, blob.data(), sizeof ser);
    const std::optional<std::string_view> seen = terminated(ser.compatible);
    if (seen != format.compatible) {
        context.fault(Check::luo_compatible, luo_scope, value(luo.root), 0, [&] {
            return "expected " + in_quotes(format.compatible) + ", seen " +
                   in_quotes(seen.value_or(std::string_view(ser.compatible, sizeof ser.compatible)));
        });
        return false;
    }
    luo.format = &format;
    luo.liveupdate_number = ser.liveupdate_num;
    luo.session_header = PhysAddr{ser.sessions_pa};
    luo.flb_header = PhysAddr{ser.flbs_pa};
    if (ser.flbs_pa != 0)
        luo.flbs.emplace();
    return true;
}

Result<std::uint64_t> LuoSer::write(const Luo &luo, bool /*flbs*/, const MetadataPages::Block &page) const {
    abi::luo_ser root{.compatible = {},
                      .liveupdate_num = luo.liveupdate_number,
                      .sessions_pa = value(luo.session_header),
                      .flbs_pa = value(luo.flb_header)};
    static_assert(sizeof abi::luo_v5_compatible <= sizeof root.compatible);
    std::memcpy(root.compatible, abi::luo_v5_compatible, sizeof abi::luo_v5_compatible);
    MetadataPages::put(page, root);
    return sizeof root;
}

const LuoRootCodec &luo_ser() {
    static const LuoSer codec;
    return codec;
}

}  // namespace kho
