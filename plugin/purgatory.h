// SPDX-License-Identifier: GPL-2.0-or-later
// The few instructions that run while guest memory is being replaced, and the tables that the CPU needs
// meanwhile: the contents of a ROM that the device owns. Implemented in purgatory/<cpu>/. (Calling convention:
// end of plugin/registers.h.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fdt/base/ranges.h"

namespace kexec_handover {

// The ROM as it is at reset: purgatory_size bytes.
std::vector<std::byte> make_purgatory();

// Maps the next kernel and its boot data too, as its entry demands (64-bit boot protocol). False if that
// takes more than the spare page directories or lies above 512 GiB; `rom` is unchanged then.
bool map_in_purgatory(std::span<std::byte> rom, std::span<const kho::Range> ranges);

}  // namespace kexec_handover
