// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/codec/internal/block_index.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace kho {
namespace {

bool lower(const PreservedBlocks &a, const PreservedBlocks &b) { return a.address < b.address; }

// Appends, joined with the last run where they are neighbours of one order.
void append(std::vector<PreservedBlocks> &runs, PreservedBlocks run) {
    constexpr std::uint32_t longest = std::numeric_limits<std::uint32_t>::max();
    if (!runs.empty() && runs.back().order == run.order && runs.back().range().end() == run.address) {
        const std::uint32_t joined = std::min(run.count, longest - runs.back().count);
        runs.back().count += joined;
        run.count -= joined;
        run.address = run.address + order_bytes(run.order) * joined;
    }
    if (run.count != 0)
        runs.push_back(run);
}

// Of one order: whether append() would join none of them.
bool are_apart(std::span<const PreservedBlocks> runs) {
    return std::ranges::adjacent_find(runs, [](const PreservedBlocks &a, const PreservedBlocks &b) {
               return a.range().end() == b.address;
           }) == runs.end();
}

using OrderCounts = std::array<std::size_t, max_block_order + 1>;

OrderCounts count_orders(std::span<const PreservedBlocks> runs) {
    OrderCounts counts{};
    for (const PreservedBlocks &run : runs) counts[run.order]++;
    return counts;
}

// By address they are by order too if there is but one. The collector joins what comes in ascending order
// only, so that neighbours may still be two.
bool is_by_order(std::span<const PreservedBlocks> by_address, const OrderCounts &counts) {
    return std::ranges::count(counts, 0u) >= max_block_order && are_apart(by_address);
}

std::vector<PreservedBlocks> sorted_by_order(std::span<const PreservedBlocks> by_address,
                                             const OrderCounts &counts) {
    std::vector<PreservedBlocks> result;
    result.reserve(by_address.size());
    for (std::uint32_t order = 0; order <= max_block_order; order++) {
        if (counts[order] == 0)
            continue;
        for (const PreservedBlocks &run : by_address)
            if (run.order == order)
                append(result, run);
    }
    return result;
}

}  // namespace

bool BlockCollector::add(std::uint32_t order, std::uint64_t first, std::uint64_t count) {
    std::vector<PreservedBlocks> &runs = runs_[order];
    // The common case: a run by itself, not too long.
    const PhysAddr start{first << (page_shift + order)};
    if (count - 1 < std::numeric_limits<std::uint32_t>::max() && count_ < max_runs &&
        (runs.empty() || runs.back().range().end() != start)) {
        runs.push_back({start, order, static_cast<std::uint32_t>(count)});
        count_++;
        return true;
    }
    while (count > 0) {
        if (count_ >= max_runs)
            return false;
        const auto part = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(count, std::numeric_limits<std::uint32_t>::max()));
        const std::size_t before = runs.size();
        append(runs, {PhysAddr{first << (page_shift + order)}, order, part});
        count_ += runs.size() - before;
        first += part;
        count -= part;
    }
    return true;
}

std::vector<PreservedBlocks> BlockCollector::by_address(Overlap &overlap) {
    std::vector<PreservedBlocks> all;
    for (std::vector<PreservedBlocks> &runs : runs_) {
        if (!std::is_sorted(runs.begin(), runs.end(), lower))
            std::sort(runs.begin(), runs.end(), lower);
        if (runs.empty())
            continue;
        // Often all of a map is of one order: then nothing is copied.
        if (all.empty()) {
            all = std::exchange(runs, {});
            continue;
        }
        all.reserve(count_);
        const auto middle = static_cast<std::ptrdiff_t>(all.size());
        all.insert(all.end(), runs.begin(), runs.end());
        std::vector<PreservedBlocks>().swap(runs);
        if (lower(all[middle], all[middle - 1]))
            std::inplace_merge(all.begin(), all.begin() + middle, all.end(), lower);
    }
    count_ = 0;

    const auto fault = std::ranges::adjacent_find(
        all, [](const PreservedBlocks &a, const PreservedBlocks &b) { return b.address < a.range().end(); });
    if (fault == all.end())
        return all;
    auto kept = fault;
    for (auto run = std::next(fault); run != all.end(); ++run) {
        if (run->address < kept->range().end()) {
            if (overlap.count++ == 0) {
                overlap.kept = *kept;
                overlap.dropped = *run;
            }
            continue;
        }
        *++kept = *run;
    }
    all.erase(std::next(kept), all.end());
    return all;
}

std::vector<PreservedBlocks> by_order(std::vector<PreservedBlocks> &&by_address) {
    const OrderCounts counts = count_orders(by_address);
    if (is_by_order(by_address, counts))
        return std::move(by_address);
    return sorted_by_order(by_address, counts);
}

std::vector<PreservedBlocks> by_order(std::span<const PreservedBlocks> by_address) {
    const OrderCounts counts = count_orders(by_address);
    if (is_by_order(by_address, counts))
        return {by_address.begin(), by_address.end()};
    return sorted_by_order(by_address, counts);
}

BlockIndex::BlockIndex(std::vector<PreservedBlocks> by_address)
    : by_address_(std::move(by_address)), ranges_(preserved_ranges(by_address_)) {}

std::optional<unsigned> BlockIndex::head_order(PhysAddr address) const {
    const auto holds = [this, address](std::size_t i) {
        return i < by_address_.size() && by_address_[i].address <= address &&
               address < by_address_[i].range().end();
    };
    if (!holds(last_) && !holds(++last_)) {
        const auto behind =
            std::upper_bound(by_address_.begin(), by_address_.end(), address,
                             [](PhysAddr a, const PreservedBlocks &run) { return a < run.address; });
        last_ =
            behind == by_address_.begin() ? 0 : static_cast<std::size_t>(behind - by_address_.begin()) - 1;
        if (!holds(last_))
            return std::nullopt;
    }
    const PreservedBlocks &run = by_address_[last_];
    if (!is_aligned(value(address), order_bytes(run.order)))
        return std::nullopt;
    return run.order;
}

}  // namespace kho
