// SPDX-License-Identifier: GPL-2.0-or-later
// Writing the chunk list of kho-v1. A chunk has one order and up to 255 bitmaps; a bitmap says which blocks
// of that order in its window, an aligned stretch of 32768 blocks, are preserved.
#include "fdt/formats/internal/chunk_list.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <optional>

#include "fdt/abi/kho.h"

namespace kho {
namespace {

// What one bitmap covers.
constexpr std::uint64_t window_bytes(std::uint32_t order) { return abi::bitmap_bits << (page_shift + order); }

// Where chunks and bitmaps go: each chunk page is followed by its bitmap pages.
struct Layout {
    std::uint64_t pages = 0;
    unsigned bitmaps_in_chunk = 0;
    std::optional<std::uint32_t> order;
    std::uint64_t window = 0;

    struct Step {
        bool new_chunk = false;
        bool new_bitmap = false;
    };

    // Moves on to the bitmap that holds `wanted_window` of `wanted_order`.
    Step advance(std::uint32_t wanted_order, std::uint64_t wanted_window) {
        Step step;
        if (order == wanted_order && window == wanted_window)
            return step;
        step.new_bitmap = true;
        step.new_chunk = order != wanted_order || bitmaps_in_chunk == abi::bitmap_refs_per_chunk;
        if (step.new_chunk) {
            bitmaps_in_chunk = 0;
            pages++;
        }
        bitmaps_in_chunk++;
        pages++;
        order = wanted_order;
        window = wanted_window;
        return step;
    }
};

// Calls visit(order, window, first bit, number of bits) for each piece of a run that lies in one window.
template <typename Visit>
void for_each_piece(std::span<const BlockRun> runs, Visit visit) {
    for (const BlockRun &run : runs)
        for (std::uint64_t block = run.first; block < run.end();) {
            const std::uint64_t window = block / abi::bitmap_bits;
            const std::uint64_t stop = std::min(run.end(), (window + 1) * abi::bitmap_bits);
            visit(run.order, window, block % abi::bitmap_bits, stop - block);
            block = stop;
        }
}

// Puts pages where they belong and keeps the chunk at hand until it is complete.
class MapWriter {
public:
    MapWriter(PhysAddr at, std::span<std::byte> out) : at_(at), out_(out) {}

    void piece(std::uint32_t order, std::uint64_t window, std::uint64_t bit, std::uint64_t count) {
        const std::uint64_t next_page = layout_.pages;
        const Layout::Step step = layout_.advance(order, window);
        if (step.new_chunk) {
            if (next_page != 0)
                finish_chunk(address_of(next_page));
            chunk_ = {};
            chunk_.order = order;
            chunk_page_ = next_page;
        }
        if (step.new_bitmap) {
            bitmap_page_ = layout_.pages - 1;
            chunk_.bitmaps[chunk_.num_elms++] = {.phys_start = window * window_bytes(order),
                                                 .bitmap = value(address_of(bitmap_page_))};
        }
        set_bits(page(bitmap_page_), bit, count);
    }

    void finish_chunk(PhysAddr next) {
        chunk_.next = value(next);
        std::memcpy(page(chunk_page_).data(), &chunk_, sizeof chunk_);
    }

private:
    PhysAddr address_of(std::uint64_t number) const { return at_ + number * page_size; }
    std::span<std::byte> page(std::uint64_t number) { return out_.subspan(number * page_size, page_size); }

    PhysAddr at_;
    std::span<std::byte> out_;
    Layout layout_;
    abi::mem_chunk chunk_{};
    std::uint64_t chunk_page_ = 0;
    std::uint64_t bitmap_page_ = 0;
};

constexpr StructureField chunk_fields[] = {
    KHO_FIELD_AS("hdr.next", abi::mem_chunk, next), KHO_FIELD_AS("hdr.order", abi::mem_chunk, order),
    KHO_FIELD_AS("hdr.num_elms", abi::mem_chunk, num_elms), KHO_FIELD(abi::mem_chunk, bitmaps)};
constexpr StructureField bitmap_fields[] = {KHO_FIELD(abi::mem_bitmap_ref, phys_start),
                                            KHO_FIELD(abi::mem_bitmap_ref, bitmap)};
constexpr Structure structure_list[] = {
    {"khoser_mem_chunk", sizeof(abi::mem_chunk), chunk_fields},
    {"khoser_mem_bitmap_ptr", sizeof(abi::mem_bitmap_ref), bitmap_fields}};

}  // namespace

std::span<const Structure> ChunkList::structures() const { return structure_list; }

std::uint64_t ChunkList::pages(std::span<const BlockRun> runs) const {
    Layout layout;
    for_each_piece(runs, [&layout](std::uint32_t order, std::uint64_t window, std::uint64_t, std::uint64_t) {
        layout.advance(order, window);
    });
    // Without blocks there is still a chunk: an address of 0 would say that there is no map.
    return std::max(layout.pages, std::uint64_t{1});
}

void ChunkList::write(std::span<const BlockRun> runs, PhysAddr at, std::span<std::byte> out) const {
    assert(out.size() >= pages(runs) * page_size);
    std::fill(out.begin(), out.end(), std::byte{0});
    MapWriter writer(at, out);
    for_each_piece(runs, [&writer](std::uint32_t order, std::uint64_t window, std::uint64_t bit,
                                   std::uint64_t count) { writer.piece(order, window, bit, count); });
    writer.finish_chunk(PhysAddr{0});
}

}  // namespace kho
