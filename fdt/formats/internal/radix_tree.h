// SPDX-License-Identifier: GPL-2.0-or-later
// The radix tree of kho-v3 and kho-v4.
#pragma once

#include "fdt/codec/internal/codec.h"

namespace kho {

class RadixTree final : public MapCodec {
public:
    std::string_view name() const override { return "radix tree"; }
    std::span<const Structure> structures() const override;
    bool walk(ReadContext &context, PhysAddr root, const TakeBits &take) const override;
    std::uint64_t pages(std::span<const BlockRun> runs) const override;
    void write(std::span<const BlockRun> runs, PhysAddr at, std::span<std::byte> out) const override;
};

}  // namespace kho
