// SPDX-License-Identifier: GPL-2.0-or-later
// The chunk list and the radix tree.
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/handover_promises.h"
#include "tests/fuzz/kernel_patches.h"

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    const fuzz::KernelPatches &patches = fuzz::check_damaged(fuzz::Concern::map, {data, size});
    fuzz::check_map(patches.image, patches.format(), patches.map());
    return 0;
}
