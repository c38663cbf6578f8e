// SPDX-License-Identifier: GPL-2.0-or-later
// LUO's part: FDT or luo_ser, sessions, files, FLBs, memfds and their folio arrays.
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/kernel_patches.h"

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    fuzz::check_damaged(fuzz::Concern::luo, {data, size});
    return 0;
}
