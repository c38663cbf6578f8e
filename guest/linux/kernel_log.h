// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel said of the handover, and of itself.
#pragma once

#include <string>
#include <string_view>

namespace agent {

// The kernel's messages since boot, as far as its buffer holds them (log_buf_len=).
std::string kernel_log();

// The first line that reports a defect of the kernel, from its mark on; or nothing.
std::string complaint(std::string_view log);
// "liveupdate number: 1", which it says when it takes live update data; or nothing.
std::string liveupdate_number(std::string_view log);
// How often `part` is in it.
unsigned occurrences(std::string_view log, std::string_view part);

}  // namespace agent
