// SPDX-License-Identifier: GPL-2.0-or-later
// Runs from a page at LOW, with a copy of the 4-level top table in the page after it.

#include "layout.h"

#define LOW 0x8000
#define low(symbol) ((symbol) - la57_code + LOW)

    .section .rodata
    .globl la57_code, la57_code_end
    .hidden la57_code, la57_code_end
la57_code:
    .code32
    // Paging must be off while CR4.LA57 changes. CR0 comes back as it was.
    movl    %cr0, %edx
    leal    -BIT_CR0_PG(%edx), %eax
    movl    %eax, %cr0
    movl    $(LOW + 0x1000), %ecx
    movl    %ecx, %cr3
    movl    %cr4, %eax
    subl    $BIT_CR4_LA57, %eax
    movl    %eax, %cr4
    movl    %edx, %cr0
    ljmpl   $SELECTOR_CODE64, $low(la57_back)
    .code64
la57_back:
    jmp     *la57_return(%rip)
    .balign 8
la57_return:
    .quad   0
la57_gdt:
    .quad   0
    .quad   0x00cf9b000000ffff      // SELECTOR_CODE32
    .quad   0x00af9b000000ffff      // SELECTOR_CODE64
    .quad   0x00cf93000000ffff      // SELECTOR_DATA
la57_gdt_pointer:
    .word   . - la57_gdt - 1
    .quad   low(la57_gdt)
la57_entry:
    .long   LOW
    .word   SELECTOR_CODE32
la57_code_end:

    .text
// void la57_run(uint64_t code). A register that was out of 64-bit mode is sure of its lower half only, so
// those that the caller wants to see again wait in memory.
    .globl la57_run
    .hidden la57_run
    .type la57_run, @function
la57_run:
    .set place, 0
    .irp register, rsp, rbp, rbx, r12, r13, r14, r15
    movq    %\register, la57_registers + place(%rip)
    .set place, place + 8
    .endr
    leaq    la57_done(%rip), %rax
    movq    %rax, (la57_return - la57_code)(%rdi)
    lgdt    (la57_gdt_pointer - la57_code)(%rdi)
    ljmpl   *(la57_entry - la57_code)(%rdi)
la57_done:
    .set place, 0
    .irp register, rsp, rbp, rbx, r12, r13, r14, r15
    movq    la57_registers + place(%rip), %\register
    .set place, place + 8
    .endr
    ret
    .size la57_run, . - la57_run

    .bss
    .balign 8
la57_registers:
    .skip   7 * 8

    .section .note.GNU-stack, "", @progbits
