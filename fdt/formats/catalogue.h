// SPDX-License-Identifier: GPL-2.0-or-later
// All that is known of a release's formats, as lists: what `kho formats` prints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fdt/model/format.h"

namespace kho {

struct CatalogueField {
    std::string name;
    std::size_t offset;  // bytes
    std::size_t size;    // bytes; of an array all of it
};

struct CatalogueStructure {
    std::string name;  // as in the kernel's headers, where it has one there
    std::string part;  // "handover", "map", "LUO root", "entries", or a handler's compatible
    std::size_t size;  // bytes
    std::vector<CatalogueField> fields;
};

// A string or a version number that kernels compare for equality.
struct CatalogueMark {
    std::string where;  // "LUO/luo-session: compatible"
    std::string text;   // empty: it is the number
    std::uint64_t number = 0;
};

struct CatalogueLimit {
    std::string what;  // snake_case
    std::uint64_t most;
};

struct CatalogueEntry {
    std::string map, root, entries;  // names of codecs: "radix tree", "structure", "linked blocks"
    std::vector<std::string> handlers;
    std::vector<CatalogueMark> marks;
    std::vector<CatalogueLimit> limits;
    std::vector<CatalogueStructure> structures;
};

CatalogueEntry catalogue_entry(const Release &release);

// The least that a kernel of this release hands over with one file of its first handler: KHO, LUO, a session. What predict() makes
// of it is what kernels do with each other's formats.
Handover smallest_handover(const Release &release);

}  // namespace kho
