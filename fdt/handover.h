// SPDX-License-Identifier: GPL-2.0-or-later
// The version-neutral model of a handover: what one kernel tells the next.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fdt/abi/kho.h"
#include "fdt/ranges.h"

namespace kho {

// `count` neighbouring preserved blocks of 2^order pages; address aligned to the block size.
struct PreservedBlocks {
    PhysAddr address{};
    std::uint32_t order = 0;
    std::uint32_t count = 1;

    std::uint64_t bytes() const { return order_bytes(order) * count; }
    Range range() const { return {address, bytes()}; }
    bool operator==(const PreservedBlocks &) const = default;
};

struct Subtree {
    std::string name;
    PhysAddr address{};
    std::uint64_t size = 0;  // bytes; kho-v1 does not carry it: a page then
    bool operator==(const Subtree &) const = default;
};

struct LuoFile {
    std::string compatible;
    std::uint64_t data = 0;
    std::uint64_t token = 0;
    bool operator==(const LuoFile &) const = default;
};

struct LuoSession {
    std::string name;
    std::vector<LuoFile> files;
    bool operator==(const LuoSession &) const = default;
};

struct Luo {
    std::uint64_t liveupdate_number = 0;
    PhysAddr session_header{};
    std::vector<LuoSession> sessions;
    bool operator==(const Luo &) const = default;
};

struct Handover {
    PhysAddr fdt{};
    PhysAddr memory_map{};
    std::vector<Range> scratch;              // in the kernel's order, empty areas included
    std::vector<PreservedBlocks> preserved;  // ascending by order, then address; neighbours joined
    std::vector<Subtree> subtrees;           // in FDT order, LUO included
    std::optional<Luo> luo;
    PhysAddr luo_fdt{};  // 0 without LUO
    bool operator==(const Handover &) const = default;
};

// All preserved memory of a handover as bytes.
RangeSet preserved_ranges(std::span<const PreservedBlocks> blocks);

}  // namespace kho
