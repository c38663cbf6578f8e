// SPDX-License-Identifier: GPL-2.0-or-later
// From what the boot loader left in memory to a BootInfo. All of it is copied out before it is looked at.
#pragma once

#include "guest/arch/arch.h"

namespace guest::arch {

// More entries of a memory map than this are not even looked at: a hostile count must not cost minutes.
inline constexpr std::uint32_t max_entries_read = 4096;

// Appends to the memory map. The page at address 0 never becomes usable memory: it is the BIOS's.
void add_memory(BootInfo &info, std::uint64_t address, std::uint64_t size, std::uint32_t type);

void add_boot_data(BootInfo &info, std::uint64_t address, std::uint64_t size);

// A NUL-terminated string of at most sizeof(info.command_line) - 1 bytes; a longer one is cut, and so is one
// that can't be read to its end. Address 0: there is none.
void copy_command_line(BootInfo &info, std::uint64_t address);

// `address` of an hvm_start_info, or of a boot_params.
void read_pvh(BootInfo &info, std::uint64_t address);
void read_boot_params(BootInfo &info, std::uint64_t address);

}  // namespace guest::arch
