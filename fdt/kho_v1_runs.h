// SPDX-License-Identifier: GPL-2.0-or-later
// Runs of preserved blocks, as the writer and the reader of the kho-v1 map see them. Internal to both.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "fdt/abi/kho.h"
#include "fdt/error.h"

namespace kho {

// `count` neighbouring blocks, the first being number `first` of its order.
struct Run {
    std::uint32_t order;
    std::uint64_t first;
    std::uint64_t count;

    std::uint64_t end() const { return first + count; }
    PhysAddr address() const { return PhysAddr{first << (page_shift + order)}; }
    PhysAddr end_address() const { return PhysAddr{end() << (page_shift + order)}; }
};

// What one bitmap covers.
constexpr std::uint64_t window_bytes(std::uint32_t order) { return abi::bitmap_bits << (page_shift + order); }

// Sorts by order, then address, and joins neighbours. What follows relies on it: a run starts behind
// the end of the one before it, so its bits never lie in an earlier window.
inline void normalize_runs(std::vector<Run> &runs) {
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

inline Error map_error(Errc code, PhysAddr address, std::uint64_t index, std::string what) {
    return {.code = code, .address = value(address), .index = index, .what = std::move(what)};
}

}  // namespace kho
