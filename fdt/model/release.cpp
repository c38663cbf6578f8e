// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/model/release.h"

#include <algorithm>

#include "fdt/abi/luo_v5.h"
#include "fdt/abi/memfd.h"

namespace kho {
namespace {

constexpr Release table[] = {
    {.name = "6.19",
     .kho_compatible = abi::kho_v1_compatible,
     .luo_compatible = abi::luo_v1_compatible,
     .session_compatible = abi::luo_session_v2_compatible,
     .flb_compatible = {},
     .memfd_compatible = abi::memfd_v1_compatible},
    {.name = "7.0",
     .kho_compatible = abi::kho_v1_compatible,
     .luo_compatible = abi::luo_v1_compatible,
     .session_compatible = abi::luo_session_v2_compatible,
     .flb_compatible = abi::luo_flb_v1_compatible,
     .memfd_compatible = abi::memfd_v1_compatible},
    {.name = "7.1",
     .kho_compatible = abi::kho_v3_compatible,
     .luo_compatible = abi::luo_v1_compatible,
     .session_compatible = abi::luo_session_v2_compatible,
     .flb_compatible = abi::luo_flb_v1_compatible,
     .memfd_compatible = abi::memfd_v2_compatible},
    {.name = "7.2",
     .kho_compatible = abi::kho_v4_compatible,
     .luo_compatible = abi::luo_v5_compatible,
     .session_compatible = {},
     .flb_compatible = {},
     .memfd_compatible = abi::memfd_v2_compatible},
    {.name = "7.3",
     .kho_compatible = abi::kho_v4_compatible,
     .luo_compatible = abi::luo_v5_compatible,
     .session_compatible = {},
     .flb_compatible = {},
     .memfd_compatible = abi::memfd_v2_compatible},
};

bool writes(const Release &release, const Handover &handover) {
    if (release.kho_compatible != compatible(handover.format))
        return false;
    if (!handover.luo)
        return true;
    const Luo &luo = *handover.luo;
    if (release.luo_compatible != compatible(luo.format))
        return false;
    // 6.19 and 7.0 differ in nothing but this node.
    return luo.format != LuoFormat::v1 || luo.flbs.has_value() == !release.flb_compatible.empty();
}

}  // namespace

std::span<const Release> releases() { return table; }

std::string_view release_series(std::string_view name) {
    if (name.starts_with("linux-"))
        name.remove_prefix(6);
    else if (name.starts_with("v"))
        name.remove_prefix(1);
    const std::size_t minor = name.find('.');
    return name.substr(0, minor == name.npos ? minor : name.find('.', minor + 1));
}

const Release *find_release(std::string_view name) {
    const auto *found = std::find_if(
        std::begin(table), std::end(table),
        [series = release_series(name)](const Release &release) { return release.name == series; });
    return found == std::end(table) ? nullptr : found;
}

std::vector<const Release *> releases_writing(const Handover &handover) {
    std::vector<const Release *> result;
    for (const Release &release : table)
        if (writes(release, handover))
            result.push_back(&release);
    return result;
}

}  // namespace kho
