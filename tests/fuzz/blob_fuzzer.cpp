// SPDX-License-Identifier: GPL-2.0-or-later
// FDTs and LUO roots by themselves.
#include "image_promises.h"

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    fuzz::open_and_check(fuzz::copy_of(data, size), {});
    return 0;
}
