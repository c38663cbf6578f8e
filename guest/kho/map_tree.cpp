// SPDX-License-Identifier: GPL-2.0-or-later
// The radix tree of nodes and leaves.
#include <iterator>

#include "fdt/abi/radix.h"
#include "guest/kho/map_codec.h"

namespace guest {

using kho::PhysAddr;

namespace {

// The highest bit of a key tells the order, what is below it the block's number.
Errno mark_leaf(PreservedMap &map, Pages &pages, std::uint64_t at, std::uint64_t key, Place &place) {
    constexpr unsigned highest = kho::abi::radix_key_bits - 1;
    for (std::uint64_t i = 0; i < std::size(kho::abi::radix_leaf{}.bitmap); i++) {
        std::uint64_t word = 0;
        if (!pages.window().load(PhysAddr{at + i * sizeof(word)}, word))
            return fail(place, Fault::radix_node, at);
        for (; word != 0; word &= word - 1) {
            const std::uint64_t whole = key | i * 64 | static_cast<unsigned>(__builtin_ctzll(word));
            const unsigned top = whole == 0 ? 64 : 63 - static_cast<unsigned>(__builtin_clzll(whole));
            if (top > highest)
                return fail(place, Fault::radix_key, at, whole);
            const unsigned order = highest - top;
            if (order > kho::max_block_order)
                return fail(place, Fault::radix_order, at, order);
            const std::uint64_t block = (whole ^ std::uint64_t{1} << top) << (kho::page_shift + order);
            if (const Errno error = mark_block(map, pages, block, order, place); error != Errno::ok)
                return error;
        }
    }
    return Errno::ok;
}

// `key` has the bits that the way to this node stands for. A node that is reached twice is found when it is
// claimed; until then the number of pages that there are bounds the way.
Errno mark_node(PreservedMap &map, Pages &pages, unsigned level, std::uint64_t at, std::uint64_t key,
                Place &place) {
    if (metadata_page(pages, at) == nullptr)
        return fail(place, Fault::radix_node, at, level);
    if (map.nodes++ >= pages.top() >> kho::page_shift)
        return fail(place, Fault::radix_too_many, at, map.nodes);
    if (level == 0)
        return mark_leaf(map, pages, at, key, place);
    const unsigned shift = kho::abi::radix_leaf_shift + (level - 1) * kho::abi::radix_node_shift;
    for (std::uint64_t i = 0; i < std::size(kho::abi::radix_node{}.table); i++) {
        std::uint64_t child = 0;
        if (!pages.window().load(PhysAddr{at + i * sizeof(child)}, child) || child == 0)
            continue;
        if (const Errno error = mark_node(map, pages, level - 1, child, key | i << shift, place);
            error != Errno::ok)
            return error;
    }
    return Errno::ok;
}

Errno mark_tree(PreservedMap &map, Pages &pages, Place &place) {
    return mark_node(map, pages, kho::abi::radix_levels - 1, value(map.first), 0, place);
}

// `left`: nodes that there can be.
Errno visit_node(const PhysicalWindow &window, unsigned level, std::uint64_t at, std::uint64_t &left,
                 PageVisit visit) {
    if (left-- == 0)
        return Errno::eio;  // no kernel writes there
    for (std::uint64_t i = 0; level > 0 && i < std::size(kho::abi::radix_node{}.table); i++) {
        std::uint64_t child = 0;
        if (!window.load(PhysAddr{at + i * sizeof(child)}, child) || child == 0)
            continue;
        if (const Errno error = visit_node(window, level - 1, child, left, visit); error != Errno::ok)
            return error;
    }
    return visit(PhysAddr{at}, Fault::radix_node);
}

Errno for_each_tree_page(const PreservedMap &map, const PhysicalWindow &window, PageVisit visit) {
    std::uint64_t left = map.nodes;
    return visit_node(window, kho::abi::radix_levels - 1, value(map.first), left, visit);
}

}  // namespace

constinit const MapCodec radix_tree_codec{mark_tree, for_each_tree_page};

}  // namespace guest
