// SPDX-License-Identifier: GPL-2.0-or-later
// The two lives of the agent: before the kexec and after it. Each ends the machine, or its kernel.
#pragma once

#include <string>

#include "guest/linux/agent_manifest.h"
#include "guest/linux/parameters.h"

namespace agent {

[[noreturn]] void old_kernel(const Parameters &parameters);
[[noreturn]] void new_kernel(const Parameters &parameters);

// "3 sessions, 5 files, 12345 bytes"
std::string totals(const Manifest &manifest);
// "2 areas, 1 filled"
std::string areas(const Manifest &manifest);

}  // namespace agent
