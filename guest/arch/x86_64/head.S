// SPDX-License-Identifier: GPL-2.0-or-later
// The entry points of the image, and the way from each of them to guest_start() in 64-bit mode.
//
//   setup.S (16 bit) ──> startup_32 ─┐
//   qboot ─────────────> startup_32 ─┼─> enter_long_mode ─┐
//   QEMU -kernel ELF ──> pvh_start ──┘                    ├─> common_64 ──> guest_start(entry, argument)
//   kexec, the device ─> startup_64 ──────────────────────┘
//
// Nothing is taken for granted but what the entry's protocol promises: memory beyond the loaded file holds
// poison, segment registers and tables are another kernel's, and the image may be anywhere.

#include "layout.h"

#define rva(symbol) ((symbol) - startup_32)

    .section .head.text, "ax", @progbits
    .hidden boot_tables, stack_top, stack_guard_block, gdt, gdt_end
    .hidden bss_start, bss_end, rela_start, rela_end

// Linux 32-bit entry: protected mode, flat segments, no paging, ESI = boot_params. It must be the image's
// first byte.
    .code32
    .globl startup_32
    .hidden startup_32
startup_32:
    cld
    cli
    // Where are we? There is no stack yet; the protocol grants four bytes of boot_params.
    leal    0x1e8(%esi), %esp
    call    1f
1:  popl    %ebp
    subl    $rva(1b), %ebp
    movl    $ENTRY_LINUX_32, %edi
    cmpl    $SETUP_CODE_MARK, %ebx
    jne     enter_long_mode
    movl    $ENTRY_LINUX_16, %edi
    jmp     enter_long_mode

// PVH: as above, but EBX = hvm_start_info, and the loader has obeyed the ELF file's addresses.
    .globl pvh_start
    .hidden pvh_start
pvh_start:
    cld
    cli
    movl    $IMAGE_LINK_ADDRESS, %ebp
    movl    %ebx, %esi
    movl    $ENTRY_PVH, %edi

// EBP = address of startup_32, ESI = argument, EDI = entry.
enter_long_mode:
    leal    rva(stack_top)(%ebp), %esp
    movl    %edi, %edx

    // Temporary tables: identity for the first 4 GiB. PML4, PDPT, then four page directories.
    leal    rva(boot_tables)(%ebp), %ebx
    movl    %ebx, %edi
    xorl    %eax, %eax
    movl    $(6 * 1024), %ecx
    rep stosl
    leal    0x1003(%ebx), %eax
    movl    %eax, (%ebx)
    xorl    %ecx, %ecx
1:  addl    $0x1000, %eax
    movl    %eax, 0x1000(%ebx, %ecx, 8)
    incl    %ecx
    cmpl    $4, %ecx
    jne     1b
    leal    0x2000(%ebx), %edi
    movl    $0x83, %eax
    movl    $2048, %ecx
1:  movl    %eax, (%edi)
    addl    $0x200000, %eax
    addl    $8, %edi
    decl    %ecx
    jnz     1b
    movl    %ebx, %cr3
    movl    $BIT_CR4_PAE, %eax
    movl    %eax, %cr4

    leal    rva(gdt)(%ebp), %eax
    pushl   %eax
    pushw   $(SELECTOR_TSS - 1)
    lgdt    (%esp)

    movl    %edx, %edi
    movl    $MSR_EFER, %ecx
    rdmsr
    orl     $BIT_EFER_LME, %eax
    wrmsr
    leal    rva(common_64)(%ebp), %eax
    pushl   $SELECTOR_CODE64
    pushl   %eax
    movl    $(BIT_CR0_PG | 0x33), %eax
    movl    %eax, %cr0
    lretl

// Linux 64-bit entry: RSI = boot_params; at image start + 0x200, by protocol. Also the ELF file's entry.
    .org 0x200
    .code64
    .globl startup_64
    .hidden startup_64
startup_64:
    cld
    cli
    movl    $ENTRY_LINUX_64, %edi

common_64:
    movl    %edi, %r12d
    movq    %rsi, %r13
    leaq    stack_top(%rip), %rsp

    // PE MP ET NE WP PG; PAE OSFXSR OSXMMEXCPT. Of what the last kernel had in CR4 only LA57 must stay, it
    // can't be cleared in 64-bit mode: paging.cpp deals with it.
    movl    $(BIT_CR0_PG | 0x10033), %eax
    movq    %rax, %cr0
    movq    %cr4, %rax
    andl    $BIT_CR4_LA57, %eax
    orl     $(BIT_CR4_PAE | 0x600), %eax
    movq    %rax, %cr4
    xorl    %eax, %eax
    movq    %rax, %dr7
    fninit
    pushq   $0x1f80
    ldmxcsr (%rsp)

    leaq    bss_start(%rip), %rdi
    leaq    bss_end(%rip), %rcx
    subq    %rdi, %rcx
    shrq    $3, %rcx
    xorl    %eax, %eax
    rep stosq

    // Relocate. A static PIE without symbols to look up knows one type only.
    leaq    startup_32(%rip), %rdx
    subq    $IMAGE_LINK_ADDRESS, %rdx
    leaq    rela_start(%rip), %rdi
    leaq    rela_end(%rip), %rsi
1:  cmpq    %rsi, %rdi
    jae     3f
    cmpl    $8, 8(%rdi)             // R_X86_64_RELATIVE
    jne     2f
    movq    (%rdi), %rax
    movq    16(%rdi), %rcx
    addq    %rdx, %rcx
    movq    %rcx, (%rax, %rdx)
    addq    $24, %rdi
    jmp     1b
2:  hlt
    jmp     2b
3:
    call    load_gdt

    // Code built with a stack protector (libfdt is) looks for its canary at fs:0x28.
    leaq    stack_guard_block(%rip), %rax
    movq    %rax, %rdx
    shrq    $32, %rdx
    movl    $MSR_FS_BASE, %ecx
    wrmsr

    leaq    stack_top(%rip), %rsp
    xorl    %ebp, %ebp
    movl    %r12d, %edi
    movq    %r13, %rsi
    call    guest_start
2:  hlt
    jmp     2b

    .text
// Loads the image's GDT and every segment register but FS and GS bases. Clobbers RAX, RCX.
    .globl load_gdt
    .hidden load_gdt
    .type load_gdt, @function
load_gdt:
    leaq    gdt(%rip), %rax
    subq    $16, %rsp
    movw    $(gdt_end - gdt - 1), 6(%rsp)
    movq    %rax, 8(%rsp)
    lgdt    6(%rsp)
    addq    $16, %rsp
    popq    %rcx
    pushq   $SELECTOR_CODE64
    pushq   %rcx
    movl    $SELECTOR_DATA, %eax
    movl    %eax, %ds
    movl    %eax, %es
    movl    %eax, %ss
    lretq
    .size load_gdt, . - load_gdt

    .data
    .balign 16
    .globl gdt, gdt_end
gdt:
    .quad   0
    .quad   0x00cf9b000000ffff      // SELECTOR_CODE32, used on the way out of 5-level paging only
    .quad   0x00af9b000000ffff      // SELECTOR_CODE64
    .quad   0x00cf93000000ffff      // SELECTOR_DATA
    .quad   0, 0                    // SELECTOR_TSS, filled in by descriptors.cpp
gdt_end:

    .balign 64
stack_guard_block:
    .fill   5, 8, 0
    .quad   0x00ff0a0d4b484f21      // zero and line ends within: string functions can't copy it
    .fill   2, 8, 0

// What entry code needs before, and while, .bss is zeroed.
    .section .bss.noinit.head, "aw", @nobits
    .balign 4096
    .globl stack_guard_page
    .hidden stack_guard_page
stack_guard_page:
    .skip   4096                    // unmapped: a stack that grows too far faults
    .skip   STACK_SIZE
stack_top:
boot_tables:
    .skip   6 * 4096

// Where a PVH loader starts: ELF note XEN_ELFNOTE_PHYS32_ENTRY. A constant, for there is nobody to relocate it.
    .section .note.pvh, "a", @note
    .balign 4
    .long   4, 8, 18
    .asciz  "Xen"
    .quad   pvh_start - startup_32 + IMAGE_LINK_ADDRESS

    .section .note.GNU-stack, "", @progbits
