// SPDX-License-Identifier: GPL-2.0-or-later
// The list of chunks and bitmaps.
#include "fdt/abi/kho.h"
#include "guest/kho/map_codec.h"
#include "guest/kho/sizes.h"

namespace guest {

using kho::PhysAddr;
using kho::abi::bitmap_bits;
using kho::abi::mem_bitmap_ref;
using kho::abi::mem_chunk;

namespace {

Errno mark_bitmap(PreservedMap &map, Pages &pages, const mem_bitmap_ref &ref, unsigned order, Place &place) {
    const std::byte *bits = metadata_page(pages, ref.bitmap);
    if (bits == nullptr)
        return fail(place, Fault::bitmap_address, ref.bitmap, map.nodes);
    // Bounded, so that no address below can wrap.
    if (!kho::is_aligned(ref.phys_start, kho::order_bytes(order)) || ref.phys_start > kho::order_bytes(40))
        return fail(place, Fault::block_misaligned, ref.phys_start, order);
    for (std::uint64_t word_index = 0; word_index < bitmap_bits / 64; word_index++) {
        std::uint64_t word;
        __builtin_memcpy(&word, bits + word_index * 8, 8);
        for (; word != 0; word &= word - 1) {
            const std::uint64_t bit = word_index * 64 + static_cast<unsigned>(__builtin_ctzll(word));
            const std::uint64_t block = ref.phys_start + bit * kho::order_bytes(order);
            if (const Errno error = mark_block(map, pages, block, order, place); error != Errno::ok)
                return error;
        }
    }
    return Errno::ok;
}

Errno mark_chunk(PreservedMap &map, Pages &pages, const mem_chunk &chunk, std::uint64_t at, Place &place) {
    if (chunk.num_elms > kho::abi::bitmap_refs_per_chunk)
        return fail(place, Fault::chunk_count, at, chunk.num_elms);
    if (chunk.order > kho::max_block_order)
        return fail(place, Fault::chunk_order, at, chunk.order);
    for (unsigned i = 0; i < chunk.num_elms; i++) {
        if (const Errno error = mark_bitmap(map, pages, chunk.bitmaps[i], chunk.order, place);
            error != Errno::ok)
            return error;
    }
    return Errno::ok;
}

Errno mark_list(PreservedMap &map, Pages &pages, Place &place) {
    // Brent's way of finding a cycle: `seen` is a chunk that is passed again if there is one.
    std::uint64_t seen = 0, steps = 0, limit = 2;
    for (std::uint64_t at = value(map.first); at != 0;) {
        mem_chunk chunk;
        if (metadata_page(pages, at) == nullptr || !pages.window().load(PhysAddr{at}, chunk))
            return fail(place, Fault::chunk_address, at, map.nodes);
        if (at == seen)
            return fail(place, Fault::chunk_cycle, at, map.nodes);
        if (++steps == limit) {
            seen = at;
            steps = 0;
            limit *= 2;
        }
        if (const Errno error = mark_chunk(map, pages, chunk, at, place); error != Errno::ok)
            return error;
        map.nodes++;
        at = chunk.next;
    }
    return Errno::ok;
}

Errno for_each_list_page(const PreservedMap &map, const PhysicalWindow &window, PageVisit visit) {
    for (std::uint64_t at = value(map.first), left = map.nodes; left > 0; left--) {
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

}  // namespace

constinit const MapCodec chunk_list_codec{mark_list, for_each_list_page};

}  // namespace guest
