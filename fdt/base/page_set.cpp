// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/base/internal/page_set.h"

#include <random>

namespace kho {

std::uint64_t number_set_secret() {
    static const std::uint64_t secret = [] {
        std::random_device device;
        return std::uint64_t{device()} << 32 | device();
    }();
    return secret;
}

}  // namespace kho
