// SPDX-License-Identifier: GPL-2.0-or-later
// Bits of a leaf or a bitmap as runs. Internal to the readers of maps.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "fdt/codec/internal/block_index.h"

namespace kho {

struct AnyAll {
    std::uint64_t any, all;
};

// All words ored, and all words anded; in vectors, which every 64-bit machine has.
inline AnyAll any_and_all(std::span<const std::uint64_t, 16> words) {
    using Pair [[gnu::vector_size(16)]] = std::uint64_t;
    Pair v[8];
    static_assert(sizeof v == 16 * sizeof(std::uint64_t));
    std::memcpy(v, words.data(), sizeof v);
    const Pair any = (v[0] | v[1] | v[2] | v[3]) | (v[4] | v[5] | v[6] | v[7]);
    const Pair all = (v[0] & v[1] & v[2] & v[3]) & (v[4] & v[5] & v[6] & v[7]);
    return {any[0] | any[1], all[0] & all[1]};
}

// Calls take(first bit, number of bits) for each run of ones, ascending: no work for words of zeroes, and
// none a bit for words of ones. Ends early, and returns false, when take() does.
template <typename Take>
bool for_each_run(std::span<const std::uint64_t> words, Take take) {
    std::uint64_t start = 0, length = 0;  // of a run that may go on in the next word
    const auto flush = [&] {
        const bool go_on = length == 0 || take(start, length);
        length = 0;
        return go_on;
    };
    // Most of a map is all zeroes or all ones for long: a kilobit is looked at as a whole first.
    constexpr std::size_t line = 16;
    for (std::size_t i = 0; i < words.size(); i++) {
        if (i % line == 0 && words.size() - i >= line) {
            const auto [any, all] = any_and_all(words.subspan(i).first<line>());
            if (any == 0 || all == UINT64_MAX) {
                if (any == 0) {
                    if (length != 0 && !flush())
                        return false;
                } else {
                    if (length == 0)
                        start = std::uint64_t{i} * 64;
                    length += line * 64;
                }
                i += line - 1;
                continue;
            }
        }
        std::uint64_t word = words[i];
        const std::uint64_t base = std::uint64_t{i} * 64;
        if (word == 0 || word == UINT64_MAX) {
            if (word == 0) {
                if (!flush())
                    return false;
                continue;
            }
            if (length == 0)
                start = base;
            length += 64;
            continue;
        }
        if ((word & 1) == 0 && !flush())
            return false;
        while (word != 0) {
            const auto bit = static_cast<unsigned>(std::countr_zero(word));
            const auto ones = static_cast<unsigned>(std::countr_one(word >> bit));
            if (length == 0)
                start = base + bit;
            length += ones;
            if (bit + ones == 64)
                break;
            if (!flush())
                return false;
            word &= UINT64_MAX << (bit + ones);
        }
    }
    return flush();
}

inline std::string too_many_runs() {
    return "more than " + std::to_string(BlockCollector::max_runs) + " separate runs of preserved blocks";
}

}  // namespace kho
