// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/release.h"

#include <algorithm>

#include "fdt/abi/kho.h"
#include "fdt/abi/luo.h"

namespace kho {
namespace {

constexpr Release table[] = {
    {.name = "6.19",
     .kho_compatible = abi::kho_v1_compatible,
     .luo_compatible = abi::luo_v1_compatible,
     .session_compatible = abi::luo_session_v2_compatible,
     .flbs = false},
    {.name = "7.0",
     .kho_compatible = abi::kho_v1_compatible,
     .luo_compatible = abi::luo_v1_compatible,
     .session_compatible = abi::luo_session_v2_compatible,
     .flbs = true},
};

}  // namespace

std::span<const Release> releases() { return table; }

const Release *find_release(std::string_view name) {
    const auto *found = std::find_if(std::begin(table), std::end(table),
                                     [name](const Release &release) { return release.name == name; });
    return found == std::end(table) ? nullptr : found;
}

}  // namespace kho
