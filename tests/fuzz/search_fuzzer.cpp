// SPDX-License-Identifier: GPL-2.0-or-later
// The search in raw memory, from 0x10000 on: boot_params, setup_data, FDTs and who points to whom.
#include "image_promises.h"

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    fuzz::open_and_check(fuzz::copy_of(data, size), {.base = kho::PhysAddr{0x10000}});
    return 0;
}
