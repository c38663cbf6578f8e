// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/codec/internal/map_runs.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace kho {
namespace {

Outcome check_block(const PreservedBlocks &block, std::uint64_t index) {
    const auto refuse = [&](Errc code, std::string what) {
        return Error{.code = code, .address = value(block.address), .index = index, .what = std::move(what)};
    };
    if (block.order > max_block_order)
        return refuse(Errc::block_order, "order " + std::to_string(block.order));
    if (block.count == 0)
        return refuse(Errc::block_address, "a run of no blocks");
    if (!is_aligned(value(block.address), order_bytes(block.order)))
        return refuse(Errc::block_address, "not aligned to its order " + std::to_string(block.order));
    if (!Range::checked(value(block.address), block.bytes()))
        return refuse(Errc::block_address, "the run ends behind the last address");
    return success();
}

}  // namespace

Outcome check_blocks(std::span<const PreservedBlocks> blocks) {
    for (std::size_t i = 0; i < blocks.size(); i++)
        if (Outcome outcome = check_block(blocks[i], i); !outcome)
            return outcome;
    return success();
}

std::vector<BlockRun> runs_of(std::span<const PreservedBlocks> blocks) {
    std::vector<BlockRun> runs;
    runs.reserve(blocks.size());
    for (const PreservedBlocks &block : blocks)
        if (check_block(block, 0))
            runs.push_back({block.order, value(block.address) >> (page_shift + block.order), block.count});
    const auto before = [](const BlockRun &a, const BlockRun &b) {
        return a.order != b.order ? a.order < b.order : a.first < b.first;
    };
    if (!std::ranges::is_sorted(runs, before))
        std::ranges::sort(runs, before);
    std::vector<BlockRun> joined;
    for (const BlockRun &run : runs)
        if (!joined.empty() && joined.back().order == run.order && run.first <= joined.back().end())
            joined.back().count = std::max(joined.back().end(), run.end()) - joined.back().first;
        else
            joined.push_back(run);
    return joined;
}

void set_bits(std::span<std::byte> page, std::uint64_t first, std::uint64_t count) {
    constexpr std::uint64_t word_bits = 64;
    while (count > 0) {
        const std::uint64_t shift = first % word_bits;
        const std::uint64_t here = std::min(count, word_bits - shift);
        const std::uint64_t mask = (~std::uint64_t{0} >> (word_bits - here)) << shift;
        std::byte *place = page.data() + first / word_bits * sizeof mask;
        std::uint64_t word = 0;
        std::memcpy(&word, place, sizeof word);
        word |= mask;
        std::memcpy(place, &word, sizeof word);
        first += here;
        count -= here;
    }
}

std::vector<PreservedBlocks> join_blocks(std::span<const PreservedBlocks> blocks) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    std::vector<PreservedBlocks> joined;
    for (BlockRun run : runs_of(blocks))
        while (run.count > 0) {
            const std::uint64_t here = std::min(run.count, most);
            joined.push_back({PhysAddr{run.first << (page_shift + run.order)}, run.order,
                              static_cast<std::uint32_t>(here)});
            run.first += here;
            run.count -= here;
        }
    return joined;
}

}  // namespace kho
