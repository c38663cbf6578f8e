// SPDX-License-Identifier: GPL-2.0-or-later
// How many bits of a page are set, about as fast as the page comes from memory. Internal to the readers of
// maps.
#pragma once

#include <cstdint>
#include <span>

#include "fdt/abi/phys.h"

namespace kho {

using PageWords = std::span<const std::uint64_t, page_size / sizeof(std::uint64_t)>;

// In the best way that the processor has.
std::uint64_t count_bits(PageWords words);

// A way to count, which not every processor has; all of them for tests.
struct BitCounter {
    const char *name;
    bool supported;
    std::uint64_t (*count)(PageWords words);
};
// The best first; the last is supported everywhere.
std::span<const BitCounter> bit_counters();

}  // namespace kho
