// SPDX-License-Identifier: GPL-2.0-or-later
// Wire structures and versions as data: what `kho formats` lists.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace kho {

struct StructureField {
    const char *name;
    std::size_t offset;  // bytes
    std::size_t size;    // bytes; of an array all of it
};

// Beside the codec that reads and writes it. Values are in CPU byte order, which is little-endian wherever KHO exists.
struct Structure {
    const char *name;  // as in the kernel's headers
    std::size_t size;  // bytes
    std::span<const StructureField> fields;
};

// A string or a version number by which kernels know a part of a handover. They compare it for equality.
struct FormatMark {
    std::string_view where;  // "LUO/luo-session: compatible"
    std::string_view text;   // empty: it is the number
    std::uint64_t number = 0;
};

#define KHO_FIELD_AS(name, type, field) \
    { name, offsetof(type, field), sizeof(type::field) }
#define KHO_FIELD(type, field) \
    { #field, offsetof(type, field), sizeof(type::field) }

}  // namespace kho
