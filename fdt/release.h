// SPDX-License-Identifier: GPL-2.0-or-later
// The table of Linux releases whose handover format this project writes.
#pragma once

#include <span>
#include <string_view>

namespace kho {

struct Release {
    std::string_view name;  // "6.19"
    std::string_view kho_compatible;
    std::string_view luo_compatible;
    std::string_view session_compatible;
    bool flbs;  // file-lifecycle-bound objects are handed over; the next kernel insists on their node
};

std::span<const Release> releases();  // ascending

// nullptr if unknown.
const Release *find_release(std::string_view name);

}  // namespace kho
