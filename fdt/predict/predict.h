// SPDX-License-Identifier: GPL-2.0-or-later
// Would a kernel take this handover, and if not, how does it fail?
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fdt/check/check.h"
#include "fdt/model/format.h"
#include "fdt/model/handover.h"

namespace kho {

// Something that fails later in a kernel that boots with the handover.
struct PredictedLoss {
    std::string text;            // what fails
    std::optional<Check> check;  // that found the cause; none: it lies in what the release knows
};

struct Prediction {
    Fate fate = Fate::accepted;
    std::string reason;  // why not accepted: one line with what was seen and what the release expects
    std::vector<PredictedLoss> losses;  // accepted all the same, but these things will fail there later
};

// `findings` are those of the reader that made `handover`.
Prediction predict(const Handover &handover, const Findings &findings, const Release &release);

}  // namespace kho
