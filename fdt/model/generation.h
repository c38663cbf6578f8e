// SPDX-License-Identifier: GPL-2.0-or-later
// What each Linux release can hold in a handover that it writes, as a table.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "fdt/model/handover.h"

namespace kho {

struct Generation {
    std::string_view release;  // "7.2"
    KhoFormat kho;
    LuoFormat luo;
    bool flbs;                          // has a place for FLBs, and must write it
    bool kexec_metadata;                // has the subtree of that name
    bool blob_sizes;                    // subtrees carry their size
    std::string_view memfd_compatible;  // "memfd-v1", without seals, or "memfd-v2"
    std::uint64_t max_sessions;         // in all
    std::uint64_t max_files_per_session;
    bool memfd_has_seals() const;
};

// Ascending.
std::span<const Generation> generations();

// By its name, or any that release_series() understands. nullptr if unknown.
const Generation *find_generation(std::string_view release);

}  // namespace kho
