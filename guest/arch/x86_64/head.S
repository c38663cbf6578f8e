// SPDX-License-Identifier: GPL-2.0-or-later
// The entry points of the image, and the way from each of them to guest_start() in 64-bit mode.
//
//   setup.S (16 bit) ──> entry_32 ──┐
//   qboot ─────────────> entry_32 ──┼─> open_window ──┐
//   QEMU -kernel ELF ──> entry_pvh ─┘                 ├─> in_64 ──> prepare_image() ──> guest_start()
//   kexec, the device ─> entry_64 ────────────────────┘
//
// Nothing is taken for granted but what the entry's protocol promises: memory beyond the loaded file holds
// poison, segment registers and tables are another kernel's, and the image may be at any page.

#include "layout.h"

// Page tables: the one with the 2 MiB pages, and the two above it.
#define WINDOW_PAGES 0x0000
#define WINDOW_GIBS 0x1000
#define WINDOW_TOP 0x2000
#define TABLE_ENTRIES 512
#define LARGE_PAGE 0x200000
#define ENTRY_TABLE 0x03            // present, writable
#define ENTRY_LARGE 0x83            // and a page

#define ONLY_RESERVED_FLAG 2        // EFLAGS with everything off: interrupts, direction, single step, NT

    .section .head.text, "ax", @progbits
    .hidden window_tables, stack_end, gdt, gdt_end, prepare_image, guest_start

// Linux 32-bit entry: protected mode, flat segments, no paging, ESI = boot_params. It must be the image's
// first byte.
    .code32
    .globl entry_32
    .hidden entry_32
entry_32:
    // boot_params is a page, and its last fields end at 0xeec: the rest does for a return address.
    leal    BOOT_PARAMS_SIZE(%esi), %esp
    call    find_image
    movl    $ENTRY_LINUX_16, %edi
    cmpl    $SETUP_CODE_MARK, %ebx
    je      open_window
    movl    $ENTRY_LINUX_32, %edi
    jmp     open_window

// EBP = start of the page that this was called from. Nothing but the image's first page calls it.
find_image:
    movl    (%esp), %ebp
    andl    $-4096, %ebp
    ret

// PVH: protected mode as above, but EBX = hvm_start_info, and the loader has obeyed the ELF file's addresses.
    .globl entry_pvh
    .hidden entry_pvh
entry_pvh:
    movl    $IMAGE_LINK_ADDRESS, %ebp
    movl    %ebx, %esi
    movl    $ENTRY_PVH, %edi

// EBP = image, ESI = argument, EDI = entry.
open_window:
    leal    stack_end - entry_32(%ebp), %esp
    pushl   $ONLY_RESERVED_FLAG
    popfl
    pushl   %edi
    pushl   %esi

    // Until paging.cpp has made real tables only the image must be where it is. So there are pages for 1 GiB
    // from the image's start on, each in the slot that its address asks for, and all entries above are alike:
    // any address leads into that window, those of the image to themselves.
    leal    window_tables - entry_32(%ebp), %ebx
    leal    WINDOW_GIBS + ENTRY_TABLE(%ebx), %esi
    leal    WINDOW_PAGES + ENTRY_TABLE(%ebx), %edi
    movl    %ebp, %edx
    andl    $-LARGE_PAGE, %edx
    orl     $ENTRY_LARGE, %edx
    xorl    %eax, %eax              // upper halves
    movl    $TABLE_ENTRIES, %ecx
    pushl   %ebp
next_page:
    movl    %edx, %ebp
    shrl    $21, %ebp
    andl    $(TABLE_ENTRIES - 1), %ebp
    movl    %esi, WINDOW_TOP(%ebx, %ebp, 8)
    movl    %eax, WINDOW_TOP + 4(%ebx, %ebp, 8)
    movl    %edi, WINDOW_GIBS(%ebx, %ebp, 8)
    movl    %eax, WINDOW_GIBS + 4(%ebx, %ebp, 8)
    movl    %edx, WINDOW_PAGES(%ebx, %ebp, 8)
    movl    %eax, WINDOW_PAGES + 4(%ebx, %ebp, 8)
    addl    $LARGE_PAGE, %edx
    loop    next_page
    popl    %ebp

    // What the manual wants set before paging is: PAE, a top table, long mode. The order is free.
    addl    $WINDOW_TOP, %ebx
    movl    %ebx, %cr3
    movl    $MSR_EFER, %ecx
    rdmsr
    orl     $BIT_EFER_LME, %eax
    wrmsr
    movl    $BIT_CR4_PAE, %eax
    movl    %eax, %cr4

    popl    %esi
    popl    %edi
    leal    gdt - entry_32(%ebp), %edx
    subl    $8, %esp
    movw    $(SELECTOR_TSS - 1), 2(%esp)
    movl    %edx, 4(%esp)
    lgdt    2(%esp)
    leal    from_32 - entry_32(%ebp), %edx
    movl    %edx, (%esp)
    movl    $SELECTOR_CODE64, 4(%esp)
    movl    %cr0, %eax
    orl     $BIT_CR0_PG, %eax
    movl    %eax, %cr0
    ljmpl   *(%esp)

    .code64
from_32:
    movl    %esi, %esi              // the upper half is undefined
    jmp     in_64

// Linux 64-bit entry: RSI = boot_params; at image start + 0x200, by protocol. Also the ELF file's entry.
    .org 0x200
    .globl entry_64
    .hidden entry_64
entry_64:
    movl    $ENTRY_LINUX_64, %edi

// EDI = entry, RSI = argument.
in_64:
    leaq    stack_end(%rip), %rsp
    pushq   $ONLY_RESERVED_FLAG
    popfq
    pushq   %rdi
    pushq   %rsi

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
    popq    %rax

    xorl    %ebp, %ebp
    call    prepare_image
    popq    %rsi
    popq    %rdi
    call    guest_start
    ud2

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

// What entry code needs before, and while, .bss is zeroed.
    .section .bss.noinit.head, "aw", @nobits
    .balign 4096
    .globl stack_guard_page
    .hidden stack_guard_page
stack_guard_page:
    .skip   4096                    // unmapped: a stack that grows too far faults
    .skip   STACK_SIZE
stack_end:
window_tables:
    .skip   3 * 4096

// Where a PVH loader starts: ELF note XEN_ELFNOTE_PHYS32_ENTRY. A constant, since nothing relocates it.
    .section .note.pvh, "a", @note
    .balign 4
    .long   4, 8, 18
    .asciz  "Xen"
    .quad   entry_pvh - entry_32 + IMAGE_LINK_ADDRESS

    .section .note.GNU-stack, "", @progbits
