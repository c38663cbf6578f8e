// SPDX-License-Identifier: GPL-2.0-or-later
// The boot CPU's local APIC, in xAPIC or x2APIC mode, whichever it was left in.
#pragma once

#include <cstdint>

namespace guest::arch {

// Silences the legacy PIC and every local source, and enables the APIC.
void start_lapic();

void end_of_interrupt();

// Stops the watchdog's timer and returns what was left of it; the latter starts it with that much, 0: not.
std::uint32_t pause_timer();
void resume_timer(std::uint32_t left);

}  // namespace guest::arch
