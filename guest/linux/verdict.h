// SPDX-License-Identifier: GPL-2.0-or-later
// The verdict's way to the kexec-handover device, which makes QEMU's exit status of it.
#pragma once

#include <string>

namespace agent {

// Gives the device, if there is one, a verdict that counts from the end of the machine on, since the kernel
// has yet to write its log to the console. Why it cannot reach a device, or nothing.
std::string give_verdict(bool passed);

}  // namespace agent
