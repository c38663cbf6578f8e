// SPDX-License-Identifier: GPL-2.0-or-later
// Writing the kho-v1 chunk list. A chunk has one order and up to 255 bitmaps; a bitmap says which blocks
// of that order in its window, an aligned stretch of 32768 blocks, are preserved.
#include <algorithm>
#include <cassert>
#include <cstring>
#include <optional>

#include "fdt/kho_v1.h"
#include "fdt/kho_v1_runs.h"

namespace kho {
namespace {

Outcome check_block(const PreservedBlocks &block, std::uint64_t index) {
    if (block.order > max_block_order)
        return map_error(Errc::block_order, block.address, index, "order " + std::to_string(block.order));
    if (block.count == 0)
        return map_error(Errc::block_address, block.address, index, "a run of no blocks");
    if (!is_aligned(value(block.address), order_bytes(block.order)))
        return map_error(Errc::block_address, block.address, index,
                         "not aligned to its order " + std::to_string(block.order));
    if (!Range::checked(value(block.address), block.bytes()))
        return map_error(Errc::block_address, block.address, index, "the run ends behind the last address");
    return success();
}

// Blocks that the format cannot express are left out: the writer has refused them before.
std::vector<Run> runs_of(std::span<const PreservedBlocks> blocks) {
    std::vector<Run> runs;
    runs.reserve(blocks.size());
    for (const PreservedBlocks &block : blocks)
        if (check_block(block, 0))
            runs.push_back({block.order, value(block.address) >> (page_shift + block.order),
                            std::uint64_t{block.count}});
    normalize_runs(runs);
    return runs;
}

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
void for_each_piece(const std::vector<Run> &runs, Visit visit) {
    for (const Run &run : runs)
        for (std::uint64_t block = run.first; block < run.end();) {
            const std::uint64_t window = block / abi::bitmap_bits;
            const std::uint64_t stop = std::min(run.end(), (window + 1) * abi::bitmap_bits);
            visit(run.order, window, block % abi::bitmap_bits, stop - block);
            block = stop;
        }
}

void set_bits(std::span<std::byte> bitmap, std::uint64_t first, std::uint64_t count) {
    constexpr std::uint64_t word_bits = 64;
    while (count > 0) {
        const std::uint64_t shift = first % word_bits;
        const std::uint64_t here = std::min(count, word_bits - shift);
        const std::uint64_t mask = (~std::uint64_t{0} >> (word_bits - here)) << shift;
        std::byte *place = bitmap.data() + first / word_bits * sizeof mask;
        std::uint64_t word = 0;
        std::memcpy(&word, place, sizeof word);
        word |= mask;
        std::memcpy(place, &word, sizeof word);
        first += here;
        count -= here;
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

std::uint64_t pages_of(const std::vector<Run> &runs) {
    Layout layout;
    for_each_piece(runs, [&layout](std::uint32_t order, std::uint64_t window, std::uint64_t, std::uint64_t) {
        layout.advance(order, window);
    });
    // Without blocks there is still a chunk: an address of 0 would say that there is no map.
    return std::max(layout.pages, std::uint64_t{1});
}

}  // namespace

std::uint64_t kho_v1_map_pages(std::span<const PreservedBlocks> blocks) { return pages_of(runs_of(blocks)); }

Outcome write_kho_v1_map(std::span<const PreservedBlocks> blocks, PhysAddr at, std::span<std::byte> out) {
    for (std::size_t i = 0; i < blocks.size(); i++)
        if (Outcome outcome = check_block(blocks[i], i); !outcome)
            return outcome;
    const std::vector<Run> runs = runs_of(blocks);
    assert(out.size() >= pages_of(runs) * page_size);
    std::fill(out.begin(), out.end(), std::byte{0});
    MapWriter writer(at, out);
    for_each_piece(runs, [&writer](std::uint32_t order, std::uint64_t window, std::uint64_t bit,
                                   std::uint64_t count) { writer.piece(order, window, bit, count); });
    writer.finish_chunk(PhysAddr{0});
    return success();
}

}  // namespace kho
