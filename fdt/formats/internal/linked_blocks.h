// SPDX-License-Identifier: GPL-2.0-or-later
// Sessions and files in chains of pages: luo-v5.
#pragma once

#include "fdt/abi/luo_v5.h"
#include "fdt/codec/internal/codec.h"

namespace kho {

class LinkedBlocks final : public EntryCodec {
public:
    std::string_view name() const override { return "linked blocks"; }
    std::span<const Structure> structures() const override;
    std::uint64_t max_sessions() const override { return abi::max_blocks * abi::sessions_per_block; }
    std::uint64_t max_files() const override { return abi::max_blocks * abi::files_per_block; }
    void read(ReadContext &context, PhysAddr header, std::vector<LuoSession> &sessions) const override;
    Result<std::unique_ptr<EntryWriter>> write_sessions(MetadataPages &pages) const override;
    std::unique_ptr<EntryWriter> write_files(MetadataPages &pages) const override;
};

}  // namespace kho
