// SPDX-License-Identifier: GPL-2.0-or-later
// The roots of LUO as bytes.
#pragma once

#include <optional>
#include <vector>

#include "fdt/codec/internal/codec.h"
#include "fdt/formats/releases.h"

namespace kho {

// A page with the root in it.
inline Result<std::vector<std::byte>> write_luo_root(const LuoFormat &format, const Luo &luo, bool flbs) {
    std::vector<std::byte> page(page_size);
    const Result<std::uint64_t> size = format.root.write(luo, flbs, {.address = {}, .bytes = page});
    if (!size)
        return size.error();
    return page;
}

inline Result<std::vector<std::byte>> write_luo_fdt(std::uint64_t number, PhysAddr sessions,
                                                    std::optional<PhysAddr> flbs) {
    const Luo luo{
        .liveupdate_number = number, .session_header = sessions, .flb_header = flbs.value_or(PhysAddr{})};
    return write_luo_root(luo_v1, luo, flbs.has_value());
}

}  // namespace kho
