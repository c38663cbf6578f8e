// SPDX-License-Identifier: GPL-2.0-or-later
// The chunk list and the radix tree.
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/handover_promises.h"
#include "tests/fuzz/kernel_patches.h"

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    fuzz::Program program({data, size});
    const std::uint8_t first = program.byte();
    fuzz::KernelPatches &patches = fuzz::patches_for(fuzz::Concern::map, first);
    patches.image.run(program);
    fuzz::check_handover(patches.image, patches.data(), first);
    fuzz::check_map(patches.image, patches.format(), patches.map());
    return 0;
}
