// SPDX-License-Identifier: GPL-2.0-or-later
// The map of preserved memory: the list of chunks and bitmaps of kho-v1, the tree of nodes and leaves of
// kho-v3 and kho-v4, and the pages that hold them.
#include "fdt/abi/luo.h"
#include "fdt/abi/radix.h"
#include "guest/kho/incoming.h"
#include "guest/kho/preserve.h"
#include "guest/kho/sizes.h"

namespace guest {

using kho::PhysAddr;
using kho::abi::bitmap_bits;
using kho::abi::mem_bitmap_ref;
using kho::abi::mem_chunk;

namespace {

// Where the last kernel can have put metadata: RAM that is neither scratch nor taken by this one. Whether
// the list preserves the page is not known before all of it was read.
bool can_be_metadata(const Pages &pages, std::uint64_t at) {
    const Result<PhysAddr> block = pages.block_of(PhysAddr{at});
    return block ? pages.is_incoming(*block) : pages.is_free(PhysAddr{at});
}

const std::byte *metadata_page(const Pages &pages, std::uint64_t at) {
    return can_be_metadata(pages, at) ? pages.bytes(PhysAddr{at}, kho::page_size) : nullptr;
}

}  // namespace

Errno IncomingHandover::mark_block(Pages &pages, std::uint64_t block, unsigned order, Place &place) {
    switch (pages.add_incoming(PhysAddr{block}, order)) {
        case Errno::ok:
            blocks_++;
            return Errno::ok;
        case Errno::ebusy:
            return fail(place, Fault::block_in_scratch, block, order);
        case Errno::eexist:
            return fail(place, Fault::block_twice, block, order);
        default:
            return fail(place, Fault::block_outside_ram, block, order);
    }
}

Errno IncomingHandover::mark_bitmap(Pages &pages, const mem_bitmap_ref &ref, unsigned order, Place &place) {
    const std::byte *bits = metadata_page(pages, ref.bitmap);
    if (bits == nullptr)
        return fail(place, Fault::bitmap_address, ref.bitmap, nodes_);
    // Bounded, so that no address below can wrap.
    if (!kho::is_aligned(ref.phys_start, kho::order_bytes(order)) || ref.phys_start > kho::order_bytes(40))
        return fail(place, Fault::block_misaligned, ref.phys_start, order);
    for (std::uint64_t word_index = 0; word_index < bitmap_bits / 64; word_index++) {
        std::uint64_t word;
        __builtin_memcpy(&word, bits + word_index * 8, 8);
        for (; word != 0; word &= word - 1) {
            const std::uint64_t bit = word_index * 64 + static_cast<unsigned>(__builtin_ctzll(word));
            const std::uint64_t block = ref.phys_start + bit * kho::order_bytes(order);
            if (const Errno error = mark_block(pages, block, order, place); error != Errno::ok)
                return error;
        }
    }
    return Errno::ok;
}

Errno IncomingHandover::mark_chunk(Pages &pages, const mem_chunk &chunk, std::uint64_t at, Place &place) {
    if (chunk.num_elms > kho::abi::bitmap_refs_per_chunk)
        return fail(place, Fault::chunk_count, at, chunk.num_elms);
    if (chunk.order > kho::max_block_order)
        return fail(place, Fault::chunk_order, at, chunk.order);
    for (unsigned i = 0; i < chunk.num_elms; i++) {
        if (const Errno error = mark_bitmap(pages, chunk.bitmaps[i], chunk.order, place); error != Errno::ok)
            return error;
    }
    return Errno::ok;
}

Errno IncomingHandover::mark_preserved(Pages &pages, Place &place) {
    const Errno error = format_ == KhoFormat::v1 ? mark_list(pages, place) : mark_tree(pages, place);
    return error == Errno::ok ? claim_metadata(pages, place) : error;
}

Errno IncomingHandover::mark_list(Pages &pages, Place &place) {
    // Brent's way of finding a cycle: `seen` is a chunk that is passed again if there is one.
    std::uint64_t seen = 0, steps = 0, limit = 2;
    for (std::uint64_t at = value(memory_map_); at != 0;) {
        mem_chunk chunk;
        if (metadata_page(pages, at) == nullptr || !pages.window().load(PhysAddr{at}, chunk))
            return fail(place, Fault::chunk_address, at, nodes_);
        if (at == seen)
            return fail(place, Fault::chunk_cycle, at, nodes_);
        if (++steps == limit) {
            seen = at;
            steps = 0;
            limit *= 2;
        }
        if (const Errno error = mark_chunk(pages, chunk, at, place); error != Errno::ok)
            return error;
        nodes_++;
        at = chunk.next;
    }
    return Errno::ok;
}

Errno IncomingHandover::mark_tree(Pages &pages, Place &place) {
    return mark_node(pages, kho::abi::radix_levels - 1, value(memory_map_), 0, place);
}

// `key` has the bits that the way to this node stands for. A node that is reached twice is found when it is
// claimed; until then the number of pages that there are bounds the way.
Errno IncomingHandover::mark_node(Pages &pages, unsigned level, std::uint64_t at, std::uint64_t key,
                                  Place &place) {
    if (metadata_page(pages, at) == nullptr)
        return fail(place, Fault::radix_node, at, level);
    if (nodes_++ >= pages.top() >> kho::page_shift)
        return fail(place, Fault::radix_too_many, at, nodes_);
    if (level == 0)
        return mark_leaf(pages, at, key, place);
    const unsigned shift = kho::abi::radix_leaf_shift + (level - 1) * kho::abi::radix_node_shift;
    for (std::uint64_t i = 0; i < std::size(kho::abi::radix_node{}.table); i++) {
        std::uint64_t child = 0;
        if (!pages.window().load(PhysAddr{at + i * sizeof(child)}, child) || child == 0)
            continue;
        if (const Errno error = mark_node(pages, level - 1, child, key | i << shift, place);
            error != Errno::ok)
            return error;
    }
    return Errno::ok;
}

// The highest bit of a key tells the order, what is below it the block's number.
Errno IncomingHandover::mark_leaf(Pages &pages, std::uint64_t at, std::uint64_t key, Place &place) {
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
            if (const Errno error = mark_block(pages, block, order, place); error != Errno::ok)
                return error;
        }
    }
    return Errno::ok;
}

template <typename Visit>
Errno IncomingHandover::for_each_list_page(const PhysicalWindow &window, Visit &&visit) const {
    for (std::uint64_t at = value(memory_map_), left = nodes_; left > 0; left--) {
        mem_chunk chunk;
        if (!window.load(PhysAddr{at}, chunk) || chunk.num_elms > kho::abi::bitmap_refs_per_chunk)
            return Errno::eio;  // no kernel writes there
        for (unsigned i = 0; i < chunk.num_elms; i++)
            if (const Errno error = visit(PhysAddr{chunk.bitmaps[i].bitmap}, Fault::bitmap_address);
                error != Errno::ok)
                return error;
        if (const Errno error = visit(PhysAddr{at}, Fault::chunk_address); error != Errno::ok)
            return error;
        at = chunk.next;
    }
    return Errno::ok;
}

// `left`: nodes that there can be.
template <typename Visit>
Errno IncomingHandover::for_each_tree_page(const PhysicalWindow &window, unsigned level, std::uint64_t at,
                                           std::uint64_t &left, Visit &&visit) const {
    if (left-- == 0)
        return Errno::eio;  // no kernel writes there
    for (std::uint64_t i = 0; level > 0 && i < std::size(kho::abi::radix_node{}.table); i++) {
        std::uint64_t child = 0;
        if (!window.load(PhysAddr{at + i * sizeof(child)}, child) || child == 0)
            continue;
        if (const Errno error = for_each_tree_page(window, level - 1, child, left, visit); error != Errno::ok)
            return error;
    }
    return visit(PhysAddr{at}, Fault::radix_node);
}

// The pages of the map, then FDT, scratch array and subtrees.
template <typename Visit>
Errno IncomingHandover::for_each_metadata_page(const PhysicalWindow &window, Visit &&visit) const {
    std::uint64_t left = nodes_;
    if (const Errno error = format_ == KhoFormat::v1 ? for_each_list_page(window, visit)
                                                     : for_each_tree_page(window, kho::abi::radix_levels - 1,
                                                                          value(memory_map_), left, visit);
        error != Errno::ok)
        return error;
    if (const Errno error = visit(PhysAddr{data_.fdt_addr}, Fault::kho_fdt_address); error != Errno::ok)
        return error;
    const std::uint64_t scratch_end = data_.scratch_addr + data_.scratch_size;
    for (std::uint64_t at = kho::align_down(data_.scratch_addr, kho::page_size); at < scratch_end;
         at += kho::page_size)
        if (const Errno error = visit(PhysAddr{at}, Fault::scratch_address); error != Errno::ok)
            return error;
    for (const Subtree &entry : subtrees()) {
        if (entry.name == std::string_view(kho::abi::luo_subtree_name))
            continue;
        for (std::uint64_t page = 0; page < pages_of(entry.size); page++)
            if (const Errno error = visit(entry.address + page * kho::page_size, Fault::subtree_property);
                error != Errno::ok)
                return error;
    }
    return Errno::ok;
}

Errno IncomingHandover::claim_metadata_page(Pages &pages, PhysAddr page, Fault outside, Place &place) {
    // Linux loads the array of scratch areas as it loads the next kernel: into scratch.
    if (outside == Fault::scratch_address && pages.is_scratch(page))
        return Errno::ok;
    if (!can_be_metadata(pages, value(page)))
        return fail(place, outside, value(page));
    if (pages.is_free(page)) {
        if (unpreserved_metadata_++ == 0)
            first_unpreserved_ = page;
        return pages.adopt(page, 0);
    }
    return pages.claim_page(page) == Errno::ok ? Errno::ok : fail(place, Fault::metadata_shared, value(page));
}

Errno IncomingHandover::claim_metadata(Pages &pages, Place &place) {
    return for_each_metadata_page(pages.window(), [&](PhysAddr page, Fault outside) {
        return claim_metadata_page(pages, page, outside, place);
    });
}

std::uint64_t IncomingHandover::release_metadata(Pages &pages) {
    if (released_)
        return 0;
    released_ = true;
    const std::uint64_t before = pages.counts().incoming;
    static_cast<void>(for_each_metadata_page(pages.window(), [&](PhysAddr page, Fault) {
        // Nothing: it went with an earlier page of its block.
        if (const Result<PhysAddr> block = pages.block_of(page); block)
            static_cast<void>(restore_free(pages, *block));
        return Errno::ok;
    }));
    return before - pages.counts().incoming;
}

}  // namespace guest
