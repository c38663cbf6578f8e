// SPDX-License-Identifier: GPL-2.0-or-later
// The root of LUO as a structure: luo-v5.
#pragma once

#include "fdt/codec/internal/codec.h"

namespace kho {

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

}  // namespace kho
