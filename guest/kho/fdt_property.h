// SPDX-License-Identifier: GPL-2.0-or-later
// Properties of the handover FDTs: raw integers in CPU byte order, and exact strings.
#pragma once

#include <cstdint>
#include <string_view>

namespace guest {

// A property of exactly eight bytes; false if it is missing or of another length.
bool fdt_u64(const void *fdt, int node, const char *property, std::uint64_t &value);

// Whether `property` is exactly this string with its NUL.
bool fdt_string_is(const void *fdt, int node, const char *property, std::string_view expected);

}  // namespace guest
