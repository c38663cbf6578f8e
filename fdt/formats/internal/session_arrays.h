// SPDX-License-Identifier: GPL-2.0-or-later
// Sessions and files in arrays of a fixed size: luo-session-v2.
#pragma once

#include "fdt/abi/luo.h"
#include "fdt/codec/internal/codec.h"

namespace kho {

class SessionArrays final : public EntryCodec {
public:
    std::string_view name() const override { return "arrays"; }
    std::span<const Structure> structures() const override;
    std::uint64_t max_sessions() const override { return abi::max_sessions; }
    std::uint64_t max_files() const override { return abi::max_files_per_set; }
    void read(ReadContext &context, PhysAddr header, std::vector<LuoSession> &sessions) const override;
    Result<std::unique_ptr<EntryWriter>> write_sessions(MetadataPages &pages) const override;
    std::unique_ptr<EntryWriter> write_files(MetadataPages &pages) const override;
};

}  // namespace kho
