// SPDX-License-Identifier: GPL-2.0-or-later
// Would a kernel take this handover, and if not, how does it fail?
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fdt/check/check.h"
#include "fdt/model/handover.h"
#include "fdt/model/release.h"

namespace kho {

enum class Fate : std::uint8_t {
    accepted,   // boots with it, and /dev/liveupdate opens
    cold_boot,  // boots without it: all that was preserved is lost
    panic,      // does not boot
    eio,        // boots, but each open of /dev/liveupdate fails with EIO: all sessions are lost
};
const char *name(Fate fate);  // "accepted", "cold boot", "panic", "EIO"

struct Prediction {
    Fate fate = Fate::accepted;
    std::string reason;  // why not accepted: one line with what was seen and what the release expects
    std::vector<std::string> losses;  // accepted all the same, but these things will fail there later
};

// `findings` are those of the reader that made `handover`.
Prediction predict(const Handover &handover, const Findings &findings, const Release &release);

}  // namespace kho
