// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

namespace guest::arch {

// What vectors.S and the CPU push, lowest address first.
struct InterruptFrame {
    std::uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rdi, rsi, rbp, rbx, rdx, rcx, rax;
    std::uint64_t vector, error_code;
    std::uint64_t rip, cs, rflags, rsp, ss;
};
static_assert(sizeof(InterruptFrame) == 22 * 8);

}  // namespace guest::arch
