// SPDX-License-Identifier: GPL-2.0-or-later
// The kho-v1 chunk list. A chunk has one order and up to 255 bitmaps; a bitmap says which blocks of that
// order in its window, an aligned stretch of 32768 blocks, are preserved.
#include <algorithm>
#include <bit>
#include <cassert>
#include <limits>
#include <unordered_set>

#include "fdt/kho_v1.h"
#include "fdt/text.h"

namespace kho {
namespace {

// A hostile map may name more blocks than there is memory. No machine comes near this many separate runs.
constexpr std::size_t max_runs = std::size_t{1} << 24;

// `count` neighbouring blocks, the first being number `first` of its order.
struct Run {
    std::uint32_t order;
    std::uint64_t first;
    std::uint64_t count;

    std::uint64_t end() const { return first + count; }
    PhysAddr address() const { return PhysAddr{first << (page_shift + order)}; }
    PhysAddr end_address() const { return PhysAddr{end() << (page_shift + order)}; }
};

std::uint64_t window_bytes(std::uint32_t order) { return abi::bitmap_bits << (page_shift + order); }

Error error_at(Errc code, PhysAddr address, std::uint64_t index, std::string what) {
    return {.code = code, .address = value(address), .index = index, .what = std::move(what)};
}

Outcome check_block(const PreservedBlocks &block, std::uint64_t index) {
    if (block.order > max_block_order)
        return error_at(Errc::block_order, block.address, index, "order " + std::to_string(block.order));
    if (block.count == 0)
        return error_at(Errc::block_address, block.address, index, "a run of no blocks");
    if (!is_aligned(value(block.address), order_bytes(block.order)))
        return error_at(Errc::block_address, block.address, index,
                        "not aligned to its order " + std::to_string(block.order));
    if (!Range::checked(value(block.address), block.bytes()))
        return error_at(Errc::block_address, block.address, index, "the run ends behind the last address");
    return success();
}

// Sorts by order, then address, and joins neighbours. What follows relies on it: a run starts behind
// the end of the one before it, so its bits never lie in an earlier window.
void normalize(std::vector<Run> &runs) {
    const auto before = [](const Run &a, const Run &b) {
        return a.order != b.order ? a.order < b.order : a.first < b.first;
    };
    if (!std::is_sorted(runs.begin(), runs.end(), before))
        std::sort(runs.begin(), runs.end(), before);
    auto last = runs.begin();
    for (auto run = runs.begin(); run != runs.end(); ++run) {
        if (run == last)
            continue;
        if (run->order == last->order && run->first <= last->end())
            last->count = std::max(last->end(), run->end()) - last->first;
        else
            *++last = *run;
    }
    if (last != runs.end())
        runs.erase(last + 1, runs.end());
}

// Blocks that the format cannot express are left out: the writer has refused them before.
std::vector<Run> runs_of(std::span<const PreservedBlocks> blocks) {
    std::vector<Run> runs;
    runs.reserve(blocks.size());
    for (const PreservedBlocks &block : blocks)
        if (check_block(block, 0))
            runs.push_back({block.order, value(block.address) >> (page_shift + block.order),
                            std::uint64_t{block.count}});
    normalize(runs);
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

namespace {

class MapReader {
public:
    explicit MapReader(const Memory &memory) : memory_(memory) {}

    Outcome read_chunk(PhysAddr at, PhysAddr &next);
    Result<std::vector<PreservedBlocks>> finish();

private:
    Outcome read_bitmap(PhysAddr chunk_at, const abi::mem_chunk &chunk, std::uint32_t index);
    void take_bits(std::uint32_t order, std::uint64_t first_block);
    Outcome check_disjoint() const;

    const Memory &memory_;
    std::unordered_set<std::uint64_t> pages_;  // chunks and bitmaps: none has two uses
    std::vector<Run> runs_;
    std::uint64_t words_[page_size / sizeof(std::uint64_t)] = {};
};

Outcome MapReader::read_chunk(PhysAddr at, PhysAddr &next) {
    if (!pages_.insert(value(at)).second)
        return error_at(Errc::map_chunk, at, 0, "chunk already visited");
    const Result<abi::mem_chunk> loaded = memory_.load<abi::mem_chunk>(at);
    if (!loaded)
        return loaded.error();
    const abi::mem_chunk &chunk = loaded.value();
    if (chunk.order > max_block_order)
        return error_at(
            Errc::map_order, at, 0,
            "order " + std::to_string(chunk.order) + ", expected at most " + std::to_string(max_block_order));
    if (chunk.num_elms > abi::bitmap_refs_per_chunk)
        return error_at(Errc::map_chunk, at, 0,
                        std::to_string(chunk.num_elms) + " elements, expected at most 255");
    for (std::uint32_t i = 0; i < chunk.num_elms; i++)
        if (Outcome outcome = read_bitmap(at, chunk, i); !outcome)
            return outcome;
    next = PhysAddr{chunk.next};
    if (!is_page_aligned(next))
        return error_at(Errc::map_chunk, at, 0, "next chunk at " + hex(chunk.next) + " is not page aligned");
    return success();
}

Outcome MapReader::read_bitmap(PhysAddr chunk_at, const abi::mem_chunk &chunk, std::uint32_t index) {
    const abi::mem_bitmap_ref &ref = chunk.bitmaps[index];
    const std::uint64_t window = window_bytes(chunk.order);
    const auto refuse = [&](std::string what) {
        return error_at(Errc::map_bitmap, chunk_at, index, std::move(what));
    };
    if (!is_aligned(ref.phys_start, window))
        return refuse("phys_start " + hex(ref.phys_start) + " is not aligned to the bitmap's " + hex(window) +
                      " bytes");
    if (ref.phys_start > std::numeric_limits<std::uint64_t>::max() - window)
        return refuse("phys_start " + hex(ref.phys_start) + " reaches behind the last address");
    if (ref.bitmap == 0 || !is_page_aligned(PhysAddr{ref.bitmap}))
        return refuse("bitmap address " + hex(ref.bitmap) + " is zero or not page aligned");
    if (!pages_.insert(ref.bitmap).second)
        return refuse("bitmap " + hex(ref.bitmap) + " already has a use");
    if (Outcome outcome = memory_.read(PhysAddr{ref.bitmap}, std::as_writable_bytes(std::span(words_)));
        !outcome) {
        Error error = outcome.error();
        error.index = index;
        return error;
    }
    take_bits(chunk.order, ref.phys_start >> (page_shift + chunk.order));
    if (runs_.size() > max_runs)
        return refuse("more than " + std::to_string(max_runs) + " runs of blocks");
    return success();
}

// Finds runs of ones a word at a time; a run may go on from one word to the next.
void MapReader::take_bits(std::uint32_t order, std::uint64_t first_block) {
    bool in_run = false;
    for (std::size_t i = 0; i < std::size(words_); i++) {
        const std::uint64_t word = words_[i];
        unsigned bit = 0;
        while (bit < 64) {
            const std::uint64_t rest = word >> bit;
            const auto zeros = static_cast<unsigned>(std::countr_zero(rest));
            if (zeros > 0) {
                in_run = false;
                bit += zeros;
                continue;
            }
            const auto ones = static_cast<unsigned>(std::countr_one(rest));
            if (in_run)
                runs_.back().count += ones;
            else
                runs_.push_back({order, first_block + i * 64 + bit, ones});
            in_run = true;
            bit += ones;
        }
    }
}

Outcome MapReader::check_disjoint() const {
    std::vector<const Run *> by_address;
    by_address.reserve(runs_.size());
    for (const Run &run : runs_) by_address.push_back(&run);
    std::sort(by_address.begin(), by_address.end(),
              [](const Run *a, const Run *b) { return a->address() < b->address(); });
    for (std::size_t i = 1; i < by_address.size(); i++) {
        const Run &low = *by_address[i - 1];
        const Run &high = *by_address[i];
        if (high.address() < low.end_address())
            return error_at(Errc::map_bitmap, high.address(), 0,
                            "preserved twice, with orders " + std::to_string(low.order) + " and " +
                                std::to_string(high.order));
    }
    return success();
}

Result<std::vector<PreservedBlocks>> MapReader::finish() {
    // Two bitmaps for one window would be joined below as if they were one.
    if (Outcome outcome = check_disjoint(); !outcome)
        return outcome.error();
    normalize(runs_);
    std::vector<PreservedBlocks> blocks;
    blocks.reserve(runs_.size());
    for (Run run : runs_)
        while (run.count > 0) {
            const auto count = static_cast<std::uint32_t>(
                std::min<std::uint64_t>(run.count, std::numeric_limits<std::uint32_t>::max()));
            blocks.push_back({.address = run.address(), .order = run.order, .count = count});
            run.first += count;
            run.count -= count;
        }
    return blocks;
}

}  // namespace

Result<std::vector<PreservedBlocks>> read_kho_v1_map(const Memory &memory, PhysAddr first_chunk) {
    if (value(first_chunk) == 0 || !is_page_aligned(first_chunk))
        return error_at(Errc::map_address, first_chunk, 0, "map address is zero or not page aligned");
    MapReader reader(memory);
    PhysAddr next = first_chunk;
    while (value(next) != 0)
        if (Outcome outcome = reader.read_chunk(next, next); !outcome)
            return outcome.error();
    return reader.finish();
}

}  // namespace kho
