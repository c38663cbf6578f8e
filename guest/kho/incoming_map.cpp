// SPDX-License-Identifier: GPL-2.0-or-later
// The kho-v1 list of preserved memory: chunks, their bitmaps, and the pages that hold them.
#include "guest/kho/incoming.h"
#include "guest/kho/preserve.h"

namespace guest {

using kho::PhysAddr;
using kho::abi::bitmap_bits;
using kho::abi::mem_bitmap_ref;
using kho::abi::mem_chunk;

namespace {

// RAM that is neither scratch nor the reader's own: where the last kernel can have put metadata.
const std::byte *metadata_page(const Pages &pages, std::uint64_t at) {
    return pages.is_ram(PhysAddr{at}) ? pages.bytes(PhysAddr{at}, kho::page_size) : nullptr;
}

}  // namespace

Errno IncomingHandover::mark_bitmap(Pages &pages, const mem_bitmap_ref &ref, unsigned order, Place &place) {
    const std::byte *bits = metadata_page(pages, ref.bitmap);
    if (bits == nullptr)
        return fail(place, Fault::bitmap_address, ref.bitmap, chunks_);
    // Bounded, so that no address below can wrap.
    if (!kho::is_aligned(ref.phys_start, kho::order_bytes(order)) || ref.phys_start > kho::order_bytes(40))
        return fail(place, Fault::block_misaligned, ref.phys_start, order);
    for (std::uint64_t word_index = 0; word_index < bitmap_bits / 64; word_index++) {
        std::uint64_t word;
        __builtin_memcpy(&word, bits + word_index * 8, 8);
        for (; word != 0; word &= word - 1) {
            const std::uint64_t bit = word_index * 64 + static_cast<unsigned>(__builtin_ctzll(word));
            const std::uint64_t block = ref.phys_start + bit * kho::order_bytes(order);
            switch (pages.add_incoming(PhysAddr{block}, order)) {
                case Errno::ok:
                    blocks_++;
                    break;
                case Errno::ebusy:
                    return fail(place, Fault::block_in_scratch, block, order);
                case Errno::eexist:
                    return fail(place, Fault::block_twice, block, order);
                default:
                    return fail(place, Fault::block_outside_ram, block, order);
            }
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
    // Brent's way of finding a cycle: `seen` is a chunk that is passed again if there is one.
    std::uint64_t seen = 0, steps = 0, limit = 2;
    for (std::uint64_t at = value(memory_map_); at != 0;) {
        mem_chunk chunk;
        if (metadata_page(pages, at) == nullptr || !pages.window().load(PhysAddr{at}, chunk))
            return fail(place, Fault::chunk_address, at, chunks_);
        if (at == seen)
            return fail(place, Fault::chunk_cycle, at, chunks_);
        if (++steps == limit) {
            seen = at;
            steps = 0;
            limit *= 2;
        }
        if (const Errno error = mark_chunk(pages, chunk, at, place); error != Errno::ok)
            return error;
        chunks_++;
        at = chunk.next;
    }
    for_each_metadata_page(pages.window(), [&](PhysAddr page) {
        if (pages.is_incoming(page))
            return;
        if (unpreserved_metadata_++ == 0)
            first_unpreserved_ = page;
    });
    return Errno::ok;
}

// Visits every page of the list, then FDT and scratch array. A page may be freed when it is visited.
template <typename Visit>
void IncomingHandover::for_each_metadata_page(const PhysicalWindow &window, Visit &&visit) const {
    for (std::uint64_t at = value(memory_map_), left = chunks_; left > 0; left--) {
        mem_chunk chunk;
        if (!window.load(PhysAddr{at}, chunk))
            return;
        for (unsigned i = 0; i < chunk.num_elms; i++) visit(PhysAddr{chunk.bitmaps[i].bitmap});
        visit(PhysAddr{at});
        at = chunk.next;
    }
    const std::uint64_t scratch_page = kho::align_down(data_.scratch_addr, kho::page_size);
    visit(PhysAddr{scratch_page});
    if (scratch_page != data_.fdt_addr)
        visit(PhysAddr{data_.fdt_addr});
}

std::uint64_t IncomingHandover::release_metadata(Pages &pages) {
    const std::uint64_t before = pages.counts().incoming;
    // EINVAL means that the list did not preserve it: then it is free memory already.
    for_each_metadata_page(pages.window(),
                           [&](PhysAddr page) { static_cast<void>(restore_free(pages, page)); });
    return before - pages.counts().incoming;
}

}  // namespace guest
