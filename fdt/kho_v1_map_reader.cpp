// SPDX-License-Identifier: GPL-2.0-or-later
// Reading the kho-v1 chunk list out of memory that is not trusted. Each page is looked at once, which bounds
// the work by the memory there is.
#include <algorithm>
#include <bit>
#include <limits>
#include <unordered_set>

#include "fdt/kho_v1.h"
#include "fdt/kho_v1_runs.h"
#include "fdt/text.h"

namespace kho {
namespace {

// A hostile map may name more blocks than there is memory. No machine comes near this many separate runs.
constexpr std::size_t max_runs = std::size_t{1} << 24;

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
        return map_error(Errc::map_chunk, at, 0, "chunk already visited");
    const Result<abi::mem_chunk> loaded = memory_.load<abi::mem_chunk>(at);
    if (!loaded)
        return loaded.error();
    const abi::mem_chunk &chunk = loaded.value();
    if (chunk.order > max_block_order)
        return map_error(
            Errc::map_order, at, 0,
            "order " + std::to_string(chunk.order) + ", expected at most " + std::to_string(max_block_order));
    if (chunk.num_elms > abi::bitmap_refs_per_chunk)
        return map_error(Errc::map_chunk, at, 0,
                         std::to_string(chunk.num_elms) + " elements, expected at most 255");
    for (std::uint32_t i = 0; i < chunk.num_elms; i++)
        if (Outcome outcome = read_bitmap(at, chunk, i); !outcome)
            return outcome;
    next = PhysAddr{chunk.next};
    if (!is_page_aligned(next))
        return map_error(Errc::map_chunk, at, 0, "next chunk at " + hex(chunk.next) + " is not page aligned");
    return success();
}

Outcome MapReader::read_bitmap(PhysAddr chunk_at, const abi::mem_chunk &chunk, std::uint32_t index) {
    const abi::mem_bitmap_ref &ref = chunk.bitmaps[index];
    const std::uint64_t window = window_bytes(chunk.order);
    const auto refuse = [&](std::string what) {
        return map_error(Errc::map_bitmap, chunk_at, index, std::move(what));
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
            return map_error(Errc::map_bitmap, high.address(), 0,
                             "preserved twice, with orders " + std::to_string(low.order) + " and " +
                                 std::to_string(high.order));
    }
    return success();
}

Result<std::vector<PreservedBlocks>> MapReader::finish() {
    // Two bitmaps for one window would be joined below as if they were one.
    if (Outcome outcome = check_disjoint(); !outcome)
        return outcome.error();
    normalize_runs(runs_);
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
        return map_error(Errc::map_address, first_chunk, 0, "map address is zero or not page aligned");
    MapReader reader(memory);
    PhysAddr next = first_chunk;
    while (value(next) != 0)
        if (Outcome outcome = reader.read_chunk(next, next); !outcome)
            return outcome.error();
    return reader.finish();
}

}  // namespace kho
