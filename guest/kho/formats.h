// SPDX-License-Identifier: GPL-2.0-or-later
// The formats of the KHO FDT that this reader knows, a row each. It shares nothing with the tables of fdt/, so that the
// two readers check each other. guest/luo/formats.h has what lies behind the subtree "LUO".
#pragma once

#include <span>
#include <string_view>

#include "guest/kho/map_codec.h"

namespace guest {

struct KhoFormat {
    std::string_view compatible;   // of the FDT's root
    const char *address_property;  // of a subtree
    const char *size_property;     // the same; nullptr: it has none and is a page
    const MapCodec *map;           // of preserved memory
};

std::span<const KhoFormat> kho_formats();

}  // namespace guest
