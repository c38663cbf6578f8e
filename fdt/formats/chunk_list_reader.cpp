// SPDX-License-Identifier: GPL-2.0-or-later
// The map of preserved memory of kho-v1: a list of chunks that name bitmaps.
// Follows kernel/liveupdate/kexec_handover.c of 6.19.
#include <limits>

#include "fdt/codec/internal/map_words.h"
#include "fdt/codec/internal/read_context.h"
#include "fdt/formats/internal/chunk_list.h"

namespace kho {
namespace {

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

}  // namespace kho
