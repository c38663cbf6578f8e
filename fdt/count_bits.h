// SPDX-License-Identifier: GPL-2.0-or-later
// How many bits of a page are set, about as fast as the page comes from memory. Internal to the readers of
// maps.
#pragma once

#include <cstdint>
#include <span>

namespace kho {

// The number of words is a multiple of 64.
std::uint64_t count_bits(std::span<const std::uint64_t> words);
// The same without instructions that not every machine has; for tests.
std::uint64_t count_bits_portably(std::span<const std::uint64_t> words);

}  // namespace kho
