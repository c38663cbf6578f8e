// SPDX-License-Identifier: GPL-2.0-or-later
// printf into a string. (GCC 12 has no std::format.)
#pragma once

#include <cstdint>
#include <string>

namespace agent {

[[gnu::format(printf, 1, 2)]] std::string text(const char *format, ...);

// For %llu and %llx.
constexpr unsigned long long ull(std::uint64_t v) { return v; }

}  // namespace agent
