// SPDX-License-Identifier: GPL-2.0-or-later
// Ends QEMU where there is no kexec-handover device to ask for it.
#pragma once

namespace guest::arch {

// With -device isa-debug-exit in the machine QEMU's exit status is 1; else ACPI turns the machine off, and it
// is 0. Comes back if there is neither. The first 4 GiB must be mapped.
void power_off();

}  // namespace guest::arch
