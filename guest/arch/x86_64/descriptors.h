// SPDX-License-Identifier: GPL-2.0-or-later
// GDT, TSS and IDT.
#pragma once

namespace guest::arch {

// Vectors beyond the CPU's own exceptions.
inline constexpr unsigned first_interrupt_vector = 32;
inline constexpr unsigned watchdog_vector = 0xf0;
inline constexpr unsigned spurious_vector = 0xff;

// From here on exceptions end in a register dump.
void load_descriptor_tables();

}  // namespace guest::arch
