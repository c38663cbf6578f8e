// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/model/generation.h"

#include <algorithm>

#include "fdt/abi/luo_v5.h"
#include "fdt/abi/memfd.h"
#include "fdt/model/release.h"

namespace kho {
namespace {

constexpr Generation of_luo_v1(std::string_view release, KhoFormat kho, bool flbs, bool from_7_1) {
    return {.release = release,
            .kho = kho,
            .luo = LuoFormat::v1,
            .flbs = flbs,
            .kexec_metadata = from_7_1,
            .blob_sizes = from_7_1,
            .memfd_compatible = from_7_1 ? abi::memfd_v2_compatible : abi::memfd_v1_compatible,
            .max_sessions = abi::max_sessions,
            .max_files_per_session = abi::max_files_per_set};
}

constexpr Generation of_luo_v5(std::string_view release) {
    return {.release = release,
            .kho = KhoFormat::v4,
            .luo = LuoFormat::v5,
            .flbs = true,
            .kexec_metadata = true,
            .blob_sizes = true,
            .memfd_compatible = abi::memfd_v2_compatible,
            .max_sessions = abi::max_blocks * abi::sessions_per_block,
            .max_files_per_session = abi::max_blocks * abi::files_per_block};
}

constexpr Generation table[] = {
    of_luo_v1("6.19", KhoFormat::v1, false, false),
    of_luo_v1("7.0", KhoFormat::v1, true, false),
    of_luo_v1("7.1", KhoFormat::v3, true, true),
    of_luo_v5("7.2"),
    of_luo_v5("7.3"),
};

}  // namespace

bool Generation::memfd_has_seals() const { return memfd_compatible == abi::memfd_v2_compatible; }

std::span<const Generation> generations() { return table; }

const Generation *find_generation(std::string_view release) {
    const auto *found = std::ranges::find(table, release_series(release), &Generation::release);
    return found == std::end(table) ? nullptr : found;
}

}  // namespace kho
