// SPDX-License-Identifier: GPL-2.0-or-later
// Sums that hostile numbers cannot wrap.
#pragma once

#include "fdt/abi/phys.h"

namespace guest {

// The end of a range; 2^64 - 1 if it runs past that.
constexpr std::uint64_t end_of(std::uint64_t start, std::uint64_t size) {
    const std::uint64_t room = ~std::uint64_t{0} - start;
    return start + (size < room ? size : room);
}

// Pages that `bytes` take.
constexpr std::uint64_t pages_of(std::uint64_t bytes) {
    return (bytes >> kho::page_shift) + (kho::is_aligned(bytes, kho::page_size) ? 0 : 1);
}

}  // namespace guest
