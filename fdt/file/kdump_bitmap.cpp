// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <bit>

#include "fdt/file/internal/kdump.h"

namespace kho {
namespace {

constexpr std::uint64_t word_bits = 64;
constexpr std::uint64_t words_per_rank = 8;
// 1 GiB of ranges, which only a bitmap made for it has.
constexpr std::uint64_t max_runs = std::uint64_t{1} << 26;

}  // namespace

PageBitmap::PageBitmap(std::vector<std::uint64_t> words, std::uint64_t pages)
    : words_(std::move(words)), pages_(std::min<std::uint64_t>(pages, words_.size() * word_bits)) {
    words_.resize((pages_ + word_bits - 1) / word_bits);
    if (pages_ % word_bits != 0)
        words_.back() &= (std::uint64_t{1} << (pages_ % word_bits)) - 1;
    ranks_.reserve(words_.size() / words_per_rank + 1);
    for (std::size_t i = 0; i < words_.size(); i++) {
        if (i % words_per_rank == 0)
            ranks_.push_back(count_);
        count_ += static_cast<std::uint64_t>(std::popcount(words_[i]));
    }
}

bool PageBitmap::contains(std::uint64_t page) const {
    return page < pages_ && (words_[page / word_bits] >> (page % word_bits) & 1) != 0;
}

std::uint64_t PageBitmap::rank(std::uint64_t page) const {
    const std::uint64_t word = page / word_bits;
    std::uint64_t rank = ranks_[word / words_per_rank];
    for (std::uint64_t i = align_down(word, words_per_rank); i < word; i++)
        rank += static_cast<std::uint64_t>(std::popcount(words_[i]));
    const std::uint64_t below = (std::uint64_t{1} << (page % word_bits)) - 1;
    return rank + static_cast<std::uint64_t>(std::popcount(words_[word] & below));
}

std::optional<RangeSet> PageBitmap::ranges() const {
    std::vector<Range> runs;
    const auto add = [&runs](std::uint64_t first, std::uint64_t count) {
        const PhysAddr start{first * page_size};
        if (!runs.empty() && runs.back().end() == start)
            runs.back().size += count * page_size;
        else
            runs.push_back({start, count * page_size});
    };
    for (std::size_t i = 0; i < words_.size(); i++) {
        std::uint64_t word = words_[i];
        std::uint64_t at = i * word_bits;
        while (word != 0) {
            const int zeroes = std::countr_zero(word);
            const int ones = std::countr_one(word >> zeroes);
            add(at + static_cast<std::uint64_t>(zeroes), static_cast<std::uint64_t>(ones));
            if (zeroes + ones == static_cast<int>(word_bits))
                break;
            word = word >> zeroes >> ones;
            at += static_cast<std::uint64_t>(zeroes + ones);
        }
        if (runs.size() > max_runs)
            return std::nullopt;
    }
    return RangeSet(std::move(runs));
}

}  // namespace kho
