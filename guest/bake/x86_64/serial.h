// SPDX-License-Identifier: GPL-2.0-or-later
// The loader's voice: COM1.
#pragma once

#include <cstdint>
#include <string_view>

namespace guest::bake {

// To 115200 8N1: qboot leaves the port as it is at reset.
void start_serial();
// A machine without a serial port loses the text, but is not kept waiting for long.
void print(std::string_view text);
void print_hex(std::uint64_t number);
void print_decimal(std::uint64_t number);

}  // namespace guest::bake
