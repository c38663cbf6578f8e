// SPDX-License-Identifier: GPL-2.0-or-later
// COM1, a 16550, polled.
#include "guest/arch/arch.h"
#include "guest/arch/x86_64/cpu.h"

namespace guest::arch {
namespace {

constexpr std::uint16_t com1 = 0x3f8;
constexpr std::uint16_t interrupt_enable = com1 + 1, fifo_control = com1 + 2, line_control = com1 + 3,
                        modem_control = com1 + 4, line_status = com1 + 5;
constexpr std::uint8_t transmitter_empty = 0x20;
constexpr unsigned fifo_size = 16;

bool ready;

// 115200 8N1, FIFOs on. The last kernel may have left interrupts enabled or a half-set divisor.
void start() {
    out8(interrupt_enable, 0);
    out8(line_control, 0x80);
    out8(com1, 1);
    out8(com1 + 1, 0);
    out8(line_control, 3);
    out8(fifo_control, 7);
    out8(modem_control, 3);
    ready = true;
}

}  // namespace

void console_write(std::string_view text) {
    if (!ready)
        start();
    for (std::size_t i = 0; i < text.size();) {
        while (!(in8(line_status) & transmitter_empty)) {
        }
        for (unsigned room = fifo_size; room && i < text.size(); --room)
            out8(com1, static_cast<std::uint8_t>(text[i++]));
    }
}

}  // namespace guest::arch
