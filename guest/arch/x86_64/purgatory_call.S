// SPDX-License-Identifier: GPL-2.0-or-later
// uint32_t purgatory_call(uint64_t entry, uint64_t descriptor): the calling convention at the end of
// plugin/registers.h. Returns when the device refused; by then GDT and segments are the purgatory's.

    .text
    .globl purgatory_call
    .hidden purgatory_call, load_gdt
    .type purgatory_call, @function
purgatory_call:
    pushq   %rbx                    // also aligns
    movq    %rdi, %rax
    movq    %rsi, %rdi
    leaq    1f(%rip), %rsi
    jmp     *%rax
1:  movl    %eax, %ebx
    cld
    call    load_gdt
    movl    %ebx, %eax
    popq    %rbx
    ret
    .size purgatory_call, . - purgatory_call

    .section .note.GNU-stack, "", @progbits
