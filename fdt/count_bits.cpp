// SPDX-License-Identifier: GPL-2.0-or-later
// Harley's and Seal's method: sixteen vectors are added bit by bit, as columns, and only the sixteens are
// counted. Without an instruction that counts bits this takes a fifth of the work, and with one no more.
#include "fdt/count_bits.h"

#include <cassert>
#include <cstring>

namespace kho {
namespace {

// Every 64-bit machine has vectors of 16 bytes; where those of 32 are known at run time only, they are never
// passed or returned by value, as functions compiled without them could not.
using Vector16 [[gnu::vector_size(16)]] = std::uint64_t;
using Vector32 [[gnu::vector_size(32)]] = std::uint64_t;

// A full adder in each bit: the sum stays in `sum`.
template <typename V>
[[gnu::always_inline]] inline void add(V &sum, V &carry, const V &x, const V &y) {
    const V half = sum ^ x;
    carry = (sum & x) | (half & y);
    sum = half ^ y;
}

template <typename V>
[[gnu::always_inline]] inline std::uint64_t count(const V &vector) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < sizeof(V) / 8; i++)
        sum += static_cast<std::uint64_t>(__builtin_popcountll(vector[i]));
    return sum;
}

template <typename V>
[[gnu::always_inline]] inline std::uint64_t count_all(const std::uint64_t *words, std::size_t size) {
    V ones{}, twos{}, fours{}, eights{};
    std::uint64_t sixteens = 0;
    const auto load = [](const std::uint64_t *from, V &vector) __attribute__((always_inline)) {
        std::memcpy(&vector, from, sizeof vector);
    };
    for (const std::uint64_t *end = words + size; words != end; words += 16 * sizeof(V) / 8) {
        V two[8], four[4], eight[2], sixteen;
        for (std::size_t i = 0; i < 8; i++) {
            V x, y;
            load(words + 2 * i * sizeof(V) / 8, x);
            load(words + (2 * i + 1) * sizeof(V) / 8, y);
            add(ones, two[i], x, y);
        }
        for (std::size_t i = 0; i < 4; i++) add(twos, four[i], two[2 * i], two[2 * i + 1]);
        for (std::size_t i = 0; i < 2; i++) add(fours, eight[i], four[2 * i], four[2 * i + 1]);
        add(eights, sixteen, eight[0], eight[1]);
        sixteens += count(sixteen);
    }
    return 16 * sixteens + 8 * count(eights) + 4 * count(fours) + 2 * count(twos) + count(ones);
}

#if defined(__x86_64__)
[[gnu::target("avx2,popcnt")]] std::uint64_t count_with_avx2(const std::uint64_t *words, std::size_t size) {
    return count_all<Vector32>(words, size);
}

// Processors that count the bits of vectors need no method. The compiler makes vectors of this loop.
[[gnu::target("avx512f,avx512vpopcntdq")]] std::uint64_t count_with_avx512(const std::uint64_t *words,
                                                                           std::size_t size) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < size; i++) sum += static_cast<std::uint64_t>(__builtin_popcountll(words[i]));
    return sum;
}
#endif

}  // namespace

std::uint64_t count_bits_portably(std::span<const std::uint64_t> words) {
    assert(words.size() % 64 == 0);
    return count_all<Vector16>(words.data(), words.size());
}

std::uint64_t count_bits(std::span<const std::uint64_t> words) {
    assert(words.size() % 64 == 0);
#if defined(__x86_64__)
    static const auto count_best =
        __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512f") ? count_with_avx512
        : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt")           ? count_with_avx2
                                                                                       : nullptr;
    if (count_best != nullptr)
        return count_best(words.data(), words.size());
#endif
    return count_bits_portably(words);
}

}  // namespace kho
