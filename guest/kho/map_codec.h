// SPDX-License-Identifier: GPL-2.0-or-later
// What reads one kind of map of preserved memory: a list of chunks (map_chunks.cpp) or a tree (map_tree.cpp).
#pragma once

#include "guest/kho/fault.h"
#include "guest/kho/function_ref.h"
#include "guest/kho/pages.h"

namespace guest {

struct PreservedMap {
    kho::PhysAddr first{};     // chunk, or root of the tree
    std::uint64_t nodes = 0;   // chunks, or nodes and leaves, that were read
    std::uint64_t blocks = 0;  // that were entered
};

// A page, and the fault that it is not to be in a certain place.
using PageVisit = FunctionRef<Errno(kho::PhysAddr, Fault)>;

struct MapCodec {
    // Enters every preserved block into the page map.
    Errno (*mark)(PreservedMap &map, Pages &pages, Place &place);
    // Visits the pages of a map that was read, until `visit` returns something else than Errno::ok. A page may be
    // freed when it is visited.
    Errno (*for_each_page)(const PreservedMap &map, const PhysicalWindow &window, PageVisit visit);
};

// NOLINTNEXTLINE(bugprone-dynamic-static-initializers): constinit
extern const MapCodec chunk_list_codec, radix_tree_codec;

// Where the last kernel can have put metadata: RAM that is neither scratch nor taken by this one. Whether the
// map preserves the page is not known before all of it was read.
bool can_be_metadata(const Pages &pages, std::uint64_t at);
// Such a page; nullptr if it is not one.
const std::byte *metadata_page(const Pages &pages, std::uint64_t at);

// Enters one block.
Errno mark_block(PreservedMap &map, Pages &pages, std::uint64_t block, unsigned order, Place &place);

}  // namespace guest
