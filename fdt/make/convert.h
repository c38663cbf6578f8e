// SPDX-License-Identifier: GPL-2.0-or-later
// The same handover in another release's format. Content stays where it is; metadata is rewritten in
// free pages, and the old metadata's pages are free.
#pragma once

#include <string>
#include <vector>

#include "fdt/write/writer.h"

namespace kho {

// Something that the target cannot hold.
struct Loss {
    std::string path;  // "/LUO/sessions/3 \"name\"/files/2"
    std::string what;  // lower case, no full stop
};

struct Conversion {
    Written written;
    RangeSet content;  // memory that has to come along from where the handover was read
    std::vector<Loss> losses;
};

// `source` was read from `memory` without errors, with its uses, and its scratch areas are known. `usable` is
// RAM without scratch, such as usable_memory() gives it; what is preserved in it is left alone. Errors: those
// of write_handover() and of the memory; malformed if the source's format is not known.
Result<Conversion> convert(const Handover &source, const Memory &memory, const Release &target,
                           const RangeSet &usable);

// Two memories as one: what the first has hides the second.
class OverlayMemory final : public Memory {
public:
    // Both must outlive this.
    OverlayMemory(const MetadataPages &over, const Memory &base)
        : over_(over), ranges_(over.ranges()), base_(base) {}
    Outcome read(PhysAddr from, std::span<std::byte> out) const override;

private:
    const MetadataPages &over_;
    RangeSet ranges_;
    const Memory &base_;
};

}  // namespace kho
