// SPDX-License-Identifier: GPL-2.0-or-later
// The way out of 5-level paging, which another kernel may have left on.
#pragma once

#include <cstdint>

namespace guest::arch {

// Switches to 4-level paging with the top table at `root`, which must map, as the present tables do, the
// first MiB and the image at their physical addresses. Interrupts are off.
void leave_la57(std::uint64_t root);

}  // namespace guest::arch
