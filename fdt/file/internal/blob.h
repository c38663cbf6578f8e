// SPDX-License-Identifier: GPL-2.0-or-later
// FDTs and LUO roots by themselves: recognized by their first bytes. Internal to the readers of
// images.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fdt/base/blob_kind.h"
#include "fdt/base/error.h"

namespace kho {

struct BlobHead {
    BlobKind kind{};
    std::string compatible;  // the root's; of a LUO root its version string
    std::size_t size = 0;    // of an FDT: what its header says it has
    // Where a KHO FDT points, as far as its properties have the right length.
    std::optional<std::uint64_t> memory_map{};
    struct Subtree {
        std::string name;
        std::uint64_t address;
    };
    std::vector<Subtree> subtrees{};
};

// The magic number of an FDT, or a LUO root's version string.
bool looks_like_blob(std::span<const std::byte> bytes);

// Checks the whole structure of an FDT, and nothing of what its properties mean. `bytes` may go on behind it;
// it is private to the caller, or a file. Errors: fdt_header, property_missing (compatible),
// compatible_unknown (a LUO root of another version), each with the offset 0.
Result<BlobHead> read_blob_head(std::span<const std::byte> bytes);

}  // namespace kho
