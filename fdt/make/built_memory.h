// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "fdt/base/memory.h"
#include "fdt/codec/metadata_pages.h"
#include "fdt/make/content.h"

namespace kho {

// A handover's memory: metadata, and content that is made while it is read.
class BuiltMemory final : public Memory {
public:
    struct Placed {
        Range range;
        const Content *content;
        std::uint64_t offset;  // in the content, of the range's first byte
    };
    // The contents must outlive this.
    BuiltMemory(MetadataPages pages, std::vector<Placed> placed);

    const RangeSet &ranges() const { return ranges_; }
    Outcome read(PhysAddr from, std::span<std::byte> out) const override;

private:
    MetadataPages pages_;
    std::vector<Placed> placed_;  // ascending
    RangeSet ranges_;
};

}  // namespace kho
