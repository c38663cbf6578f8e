// SPDX-License-Identifier: GPL-2.0-or-later
// Sizes of memory by their usual names.
#pragma once

#include <cstdint>

namespace kho {

inline constexpr std::uint64_t kib = std::uint64_t{1} << 10;
inline constexpr std::uint64_t mib = std::uint64_t{1} << 20;
inline constexpr std::uint64_t gib = std::uint64_t{1} << 30;

}  // namespace kho
