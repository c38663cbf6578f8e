// SPDX-License-Identifier: GPL-2.0-or-later
// LUO's part: FDT or luo_ser, sessions, files, FLBs, memfds and their folio arrays.
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/handover_promises.h"
#include "tests/fuzz/kernel_patches.h"

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    fuzz::Program program({data, size});
    const std::uint8_t first = program.byte();
    fuzz::KernelPatches &patches = fuzz::patches_for(fuzz::Concern::luo, first);
    patches.image.run(program);
    fuzz::check_handover(patches.image, patches.data(), first);
    return 0;
}
