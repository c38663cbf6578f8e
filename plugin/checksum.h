// SPDX-License-Identifier: GPL-2.0-or-later
// Checksums of preserved memory: taken before the old kernel's memory is destroyed, compared when the new
// kernel asks.
#pragma once

#include <functional>
#include <vector>

#include "plugin/machine.h"

namespace kexec_handover {

struct Checksum {
    kho::Range range;  // a piece of a run of preserved memory, at most checksum_piece bytes
    std::uint64_t xxh3;
    bool operator==(const Checksum &) const = default;
};

// Small enough to tell where something changed, large enough to cost nothing.
inline constexpr std::uint64_t checksum_piece = 2 << 20;

using Visit = std::function<kho::Outcome(kho::Range, const Machine::Sink &)>;

// XXH3 (64 bits) of every piece of every range.
kho::Result<std::vector<Checksum>> take_checksums(const kho::RangeSet &ranges, const Visit &visit);

// The pieces whose bytes are no longer what they were.
kho::Result<std::vector<kho::Range>> changed_pieces(std::span<const Checksum> expected, const Visit &visit);

}  // namespace kexec_handover
