// SPDX-License-Identifier: GPL-2.0-or-later
// Whole handovers of each generation: kho_data and every page behind it.
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/kernel_patches.h"

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    fuzz::check_damaged(fuzz::Concern::all, {data, size});
    return 0;
}
