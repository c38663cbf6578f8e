// SPDX-License-Identifier: GPL-2.0-or-later
// Memory in words. Under emulation a byte store costs as much as a word store, so everything large goes
// eight bytes at a time. Addresses are 8-byte aligned, sizes multiples of 64. The accesses are
// volatile so that no compiler turns the loops into calls of a byte-wise memset.
#pragma once

#include <cstddef>
#include <cstdint>

namespace guest {

inline void fill_words(std::byte *at, std::uint64_t bytes, std::uint64_t value) {
    auto *to = reinterpret_cast<volatile std::uint64_t *>(at);
    for (std::uint64_t i = 0, n = bytes / 8; i < n; i += 8) {
        to[i] = value;
        to[i + 1] = value;
        to[i + 2] = value;
        to[i + 3] = value;
        to[i + 4] = value;
        to[i + 5] = value;
        to[i + 6] = value;
        to[i + 7] = value;
    }
}

inline void zero_words(std::byte *at, std::uint64_t bytes) { fill_words(at, bytes, 0); }

// Of any multiple of 8 bytes.
inline bool all_zero(const std::byte *at, std::uint64_t bytes) {
    const auto *words = reinterpret_cast<const volatile std::uint64_t *>(at);
    for (std::uint64_t i = 0; i < bytes / 8; i++)
        if (words[i] != 0)
            return false;
    return true;
}

}  // namespace guest
