// SPDX-License-Identifier: GPL-2.0-or-later
// The map of preserved memory of kho-v1: a list of chunks that name bitmaps.
// Follows kernel/liveupdate/kexec_handover.c of 6.19.
#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>
#include <optional>

#include "fdt/abi/kho.h"
#include "fdt/codec/internal/codec.h"
#include "fdt/codec/internal/map_words.h"
#include "fdt/codec/internal/read_context.h"
#include "fdt/formats/internal/codecs.h"

namespace kho {
namespace {

class ChunkList final : public MapCodec {
public:
    std::string_view name() const override { return "chunk list"; }
    std::span<const Structure> structures() const override;
    bool walk(ReadContext &context, PhysAddr first, const TakeBits &take) const override;
    std::uint64_t pages(std::span<const BlockRun> runs) const override;
    void write(std::span<const BlockRun> runs, PhysAddr at, std::span<std::byte> out) const override;
};

constexpr Scope scope{.base = "/preserved-memory-map"};

class ChunkListReader {
public:
    ChunkListReader(ReadContext &context, const TakeBits &take) : context_(context), take_(take) {}

    // The next chunk's address; 0 ends.
    std::uint64_t read_chunk(std::uint64_t at, std::uint64_t holder);
    bool complete() const { return complete_; }

private:
    template <typename Text>
    void fault(Check check, std::uint64_t address, std::uint64_t index, Text text) {
        complete_ = false;
        context_.fault(check, scope, address, index, text);
    }
    void read_bitmap(std::uint64_t chunk_at, std::uint32_t order, const abi::mem_bitmap_ref &ref,
                     std::uint32_t index);

    ReadContext &context_;
    const TakeBits &take_;
    PageSet pages_;  // chunks and bitmaps: none has two uses
    bool complete_ = true;
    bool full_ = false;
    std::uint64_t words_[page_size / sizeof(std::uint64_t)] = {};
};

std::uint64_t ChunkListReader::read_chunk(std::uint64_t at, std::uint64_t holder) {
    const Check address_check = holder == 0 ? Check::map_address : Check::chunk_address;
    if (!pages_.insert(PhysAddr{at})) {
        fault(Check::chunk_twice, at, 0, [&] { return "chunk " + hex(at) + " already visited"; });
        return 0;
    }
    abi::mem_chunk chunk;
    if (!context_.load(PhysAddr{at}, chunk, address_check, scope, holder == 0 ? at : holder, 0)) {
        complete_ = false;
        return 0;
    }
    context_.use({PhysAddr{at}, page_size}, UseKind::map_node);
    if (chunk.order > max_block_order) {
        fault(Check::chunk_order, at, 0, [&] {
            return "order " + std::to_string(chunk.order) + ", expected at most " +
                   std::to_string(max_block_order);
        });
    } else if (chunk.num_elms > abi::bitmap_refs_per_chunk) {
        fault(Check::chunk_elements, at, 0,
              [&] { return std::to_string(chunk.num_elms) + " elements, expected at most 255"; });
    } else {
        for (std::uint32_t i = 0; i < chunk.num_elms && !full_; i++)
            read_bitmap(at, chunk.order, chunk.bitmaps[i], i);
    }
    if (chunk.next != 0 &&
        !context_.page_address(chunk.next, "next chunk", Check::chunk_address, scope, at, 0)) {
        complete_ = false;
        return 0;
    }
    return full_ ? 0 : chunk.next;
}

void ChunkListReader::read_bitmap(std::uint64_t chunk_at, std::uint32_t order, const abi::mem_bitmap_ref &ref,
                                  std::uint32_t index) {
    const std::uint64_t window = abi::bitmap_bits << (page_shift + order);
    if (!is_aligned(ref.phys_start, window) ||
        ref.phys_start > std::numeric_limits<std::uint64_t>::max() - window) {
        fault(Check::bitmap_window, chunk_at, index, [&] {
            return "phys_start " + hex(ref.phys_start) +
                   (is_aligned(ref.phys_start, window)
                        ? " reaches behind the last address"
                        : " is not aligned to the bitmap's " + hex(window) + " bytes");
        });
        return;
    }
    if (!context_.page_address(ref.bitmap, "bitmap", Check::bitmap_address, scope, chunk_at, index)) {
        complete_ = false;
        return;
    }
    if (!pages_.insert(PhysAddr{ref.bitmap})) {
        fault(Check::bitmap_twice, chunk_at, index,
              [&] { return "bitmap " + hex(ref.bitmap) + " already has a use in the map"; });
        return;
    }
    if (!context_.read(PhysAddr{ref.bitmap}, std::as_writable_bytes(std::span(words_)), Check::bitmap_address,
                       scope, chunk_at, index)) {
        complete_ = false;
        return;
    }
    context_.use({PhysAddr{ref.bitmap}, page_size}, UseKind::map_bitmap);
    if (!take_(order, ref.phys_start >> (page_shift + order), words_)) {
        full_ = true;
        fault(Check::map_size, chunk_at, index, [] { return too_many_runs(); });
    }
}

}  // namespace

bool ChunkList::walk(ReadContext &context, PhysAddr first, const TakeBits &take) const {
    ChunkListReader reader(context, take);
    std::uint64_t holder = 0;
    for (std::uint64_t at = value(first); at != 0;) {
        const std::uint64_t next = reader.read_chunk(at, holder);
        holder = at;
        at = next;
    }
    return reader.complete();
}

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

const MapCodec &chunk_list() {
    static const ChunkList codec;
    return codec;
}

}  // namespace kho
