// SPDX-License-Identifier: GPL-2.0-or-later
// What holds of everything that the readers of handovers give, however damaged the handover is.
#pragma once

#include "fdt/read/reader.h"

namespace fuzz {

// Of any outcome: addresses that can be used, ranges that do not wrap, sentences that can be printed.
void check_model(const kho::Handover &handover, const kho::Findings &findings);

// The first byte of an input: the generation of the image, and whether and to which the handover is
// converted. A conversion costs ten times as much as reading, so few values ask for one.
inline constexpr std::uint8_t convert_from = 0xe0;
constexpr std::uint8_t first_byte(unsigned generation, unsigned target) {
    return static_cast<std::uint8_t>(convert_from | target << 2 | generation);
}

// Reads the handover, twice and strictly; if it has no error, and the input's first byte asks for it, writes
// it in another generation's format, and reads that.
void check_handover(const kho::Memory &memory, const kho::abi::kho_data &data, std::uint8_t first);

// The totals of a map beside its runs.
void check_map(const kho::Memory &memory, const kho::KhoFormat &format, kho::PhysAddr map);

}  // namespace fuzz
