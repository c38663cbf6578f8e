// SPDX-License-Identifier: GPL-2.0-or-later
// Totals of a handover, counted once for text and JSON.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fdt/model/handover.h"

namespace kho::tool {

struct OrderTotal {
    std::uint32_t order = 0;
    std::uint64_t blocks = 0;
    std::uint64_t bytes = 0;
};

struct UseTotal {
    UseKind kind;
    std::uint64_t bytes = 0;
};

struct Summary {
    std::vector<std::string_view> releases{};  // that write a handover of this format
    std::vector<OrderTotal> orders{};          // ascending, those that occur
    std::uint64_t preserved_blocks = 0;
    std::uint64_t preserved_bytes = 0;
    std::vector<UseTotal> uses{};     // in the order of UseInfo::position, those that occur
    std::uint64_t unknown_bytes = 0;  // preserved, and not known what for
    std::uint64_t sessions = 0;
    std::uint64_t files = 0;
    std::uint64_t memfds = 0;
    std::uint64_t memfd_bytes = 0;    // their sizes added up; UINT64_MAX if that does not fit
    std::uint64_t folio_bytes = 0;    // memory in their folios; likewise
    std::uint64_t scratch_bytes = 0;  // likewise
};

// `partial`: a blob was read, so what is not there may be elsewhere.
Summary summarize(const Handover &handover, bool partial);

// "Linux 7.2, 7.3"; "no released kernel".
std::string releases_text(const std::vector<std::string_view> &releases);

// Sum of hostile numbers: stays at the largest number.
constexpr std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

}  // namespace kho::tool
