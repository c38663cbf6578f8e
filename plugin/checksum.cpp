// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/checksum.h"

#include <xxhash.h>

#include <algorithm>
#include <memory>

namespace kexec_handover {
namespace {

struct FreeState {
    void operator()(XXH3_state_t *state) const { XXH3_freeState(state); }
};

kho::Result<std::uint64_t> checksum(kho::Range range, const Visit &visit) {
    static thread_local std::unique_ptr<XXH3_state_t, FreeState> state(XXH3_createState());
    XXH3_64bits_reset(state.get());
    const auto seen = visit(range, [](std::span<const std::byte> bytes) {
        XXH3_64bits_update(state.get(), bytes.data(), bytes.size());
        return kho::success();
    });
    if (!seen)
        return seen.error();
    return XXH3_64bits_digest(state.get());
}

}  // namespace

kho::Result<std::vector<Checksum>> take_checksums(const kho::RangeSet &ranges, const Visit &visit) {
    std::vector<Checksum> checksums;
    for (const kho::Range &range : ranges.ranges()) {
        for (std::uint64_t offset = 0; offset < range.size; offset += checksum_piece) {
            const kho::Range piece{range.start + offset, std::min(checksum_piece, range.size - offset)};
            const auto sum = checksum(piece, visit);
            if (!sum)
                return sum.error();
            checksums.push_back({piece, sum.value()});
        }
    }
    return checksums;
}

kho::Result<std::vector<kho::Range>> changed_pieces(std::span<const Checksum> expected, const Visit &visit) {
    std::vector<kho::Range> changed;
    for (const Checksum &before : expected) {
        const auto now = checksum(before.range, visit);
        if (!now)
            return now.error();
        if (now.value() != before.xxh3)
            changed.push_back(before.range);
    }
    return changed;
}

}  // namespace kexec_handover
