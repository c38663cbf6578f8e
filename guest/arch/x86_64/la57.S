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
    movl    %cr0, %eax
    andl    $~BIT_CR0_PG, %eax
    movl    %eax, %cr0
    movl    %cr4, %eax
    andl    $~BIT_CR4_LA57, %eax
    movl    %eax, %cr4
    movl    $(LOW + 0x1000), %eax
    movl    %eax, %cr3
    movl    %cr0, %eax
    orl     $BIT_CR0_PG, %eax
    movl    %eax, %cr0
    ljmpl   $SELECTOR_CODE64, $low(la57_back)
    .code64
la57_back:
    movq    la57_saved_sp(%rip), %rsp
    ret
    .balign 8
la57_saved_sp:
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
// void la57_run(uint64_t code): the mode switches may lose the upper halves of all registers and whatever
// the new code segment does not say, so what the caller wants kept goes over the stack.
    .globl la57_run
    .hidden la57_run
    .type la57_run, @function
la57_run:
    pushq   %rbx
    pushq   %rbp
    pushq   %r12
    pushq   %r13
    pushq   %r14
    pushq   %r15
    leaq    1f(%rip), %rax
    pushq   %rax
    movq    %rsp, (la57_saved_sp - la57_code)(%rdi)
    lgdt    (la57_gdt_pointer - la57_code)(%rdi)
    ljmpl   *(la57_entry - la57_code)(%rdi)
1:  popq    %r15
    popq    %r14
    popq    %r13
    popq    %r12
    popq    %rbp
    popq    %rbx
    ret
    .size la57_run, . - la57_run

    .section .note.GNU-stack, "", @progbits
