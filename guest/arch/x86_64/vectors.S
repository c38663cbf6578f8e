// SPDX-License-Identifier: GPL-2.0-or-later
// One stub for each interrupt vector; they differ in the number they push.

#include "layout.h"

    .text
    .balign 16
    .globl interrupt_stubs
    .hidden interrupt_stubs, guest_interrupt
interrupt_stubs:
    .set vector, 0
    .rept 256
    .balign 16
    // Make the frames alike: these vectors have an error code from the CPU, the others get a 0.
    .if !((vector == 8) || ((vector >= 10) && (vector <= 14)) || (vector == 17) || (vector == 21) || (vector == 29) || (vector == 30))
    pushq   $0
    .endif
    pushq   $vector
    jmp     interrupt_common
    .set vector, vector + 1
    .endr

// The frame is guest::arch::InterruptFrame. The CPU aligned the stack to 16 bytes before it pushed.
    .type interrupt_common, @function
interrupt_common:
    pushq   %rax
    pushq   %rcx
    pushq   %rdx
    pushq   %rbx
    pushq   %rbp
    pushq   %rsi
    pushq   %rdi
    pushq   %r8
    pushq   %r9
    pushq   %r10
    pushq   %r11
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    movq    %rsp, %rdi
    subq    $512, %rsp
    fxsave64 (%rsp)
    cld
    call    guest_interrupt
    fxrstor64 (%rsp)
    addq    $512, %rsp
    popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %r11
    popq    %r10
    popq    %r9
    popq    %r8
    popq    %rdi
    popq    %rsi
    popq    %rbp
    popq    %rbx
    popq    %rdx
    popq    %rcx
    popq    %rax
    addq    $16, %rsp
    iretq
    .size interrupt_common, . - interrupt_common

    .section .note.GNU-stack, "", @progbits
