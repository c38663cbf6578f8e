// SPDX-License-Identifier: GPL-2.0-or-later
// The other subtrees: memblock, kexec-metadata, kho_test.
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/kernel_patches.h"

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    fuzz::check_damaged(fuzz::Concern::subtrees, {data, size});
    return 0;
}
