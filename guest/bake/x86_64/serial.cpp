// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/bake/x86_64/serial.h"

#include "guest/arch/x86_64/cpu.h"

namespace guest::bake {
namespace {

using arch::in8;
using arch::out8;

constexpr std::uint16_t com1 = 0x3f8;
constexpr std::uint16_t interrupt_enable = com1 + 1, line_control = com1 + 3, line_status = com1 + 5;
constexpr std::uint8_t transmitter_empty = 0x20;
constexpr unsigned patience = 1000000;

void put(char c) {
    for (unsigned tries = patience; tries != 0 && (in8(line_status) & transmitter_empty) == 0; tries--) {
    }
    out8(com1, static_cast<std::uint8_t>(c));
}

}  // namespace

void start_serial() {
    out8(interrupt_enable, 0);
    out8(line_control, 0x80);
    out8(com1, 1);
    out8(com1 + 1, 0);
    out8(line_control, 3);
}

void print(std::string_view text) {
    for (const char c : text) put(c);
}

void print_hex(std::uint64_t number) {
    char text[18];
    char *at = text + sizeof text;
    do {
        const auto digit = static_cast<char>(number & 15);
        *--at = static_cast<char>(digit < 10 ? '0' + digit : 'a' + digit - 10);
        number >>= 4;
    } while (number != 0);
    *--at = 'x';
    *--at = '0';
    print({at, static_cast<std::size_t>(text + sizeof text - at)});
}

void print_decimal(std::uint64_t number) {
    char text[20];
    char *at = text + sizeof text;
    do {
        *--at = static_cast<char>('0' + number % 10);
        number /= 10;
    } while (number != 0);
    print({at, static_cast<std::size_t>(text + sizeof text - at)});
}

}  // namespace guest::bake
