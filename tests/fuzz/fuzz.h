// SPDX-License-Identifier: GPL-2.0-or-later
// What fuzz targets share: input in a buffer of its exact size, and promises that are checked on what was
// accepted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <vector>

namespace fuzz {

// A copy, so that a sanitizer sees each byte too far.
inline std::vector<std::byte> copy_of(const std::uint8_t *data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    return {bytes.begin(), bytes.end()};
}

// Not assert(): a release build promises no less.
inline void promise(bool kept, const char *what) {
    if (kept)
        return;
    std::fprintf(stderr, "broken promise: %s\n", what);
    std::abort();
}

}  // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);
