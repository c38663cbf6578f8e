// SPDX-License-Identifier: GPL-2.0-or-later
// From the PVH entry to bake_main() in 64-bit mode, and from there into the kernel. All that firmware grants is
// EBX and flat segments. Offsets are checked in loader.cpp.

#define TABLE_PAGE_TABLE 8
#define TABLE_STACK_END 16

#define SELECTOR_CODE64 0x10        // as the Linux 64-bit boot protocol asks for
#define SELECTOR_DATA 0x18
#define MSR_EFER 0xc0000080
#define BIT_EFER_LME 0x100
#define BITS_CR4 0x620              // PAE; compilers may use SSE: OSFXSR, OSXMMEXCPT
#define BIT_CR0_PG 0x80000000
#define ONLY_RESERVED_FLAG 2

    .section .head.text, "ax", @progbits
    .hidden program_end, bake_main
    .code32
    .globl bake_start
    .hidden bake_start
    .globl bake_load_address
    .hidden bake_load_address
bake_start:
    .byte   0xbd                    // movl $bake_load_address, %ebp
bake_load_address:
    .long   0                       // is filled in
    cli
    leal    program_end - bake_start(%ebp), %esi
    movl    TABLE_STACK_END(%esi), %esp
    pushl   $ONLY_RESERVED_FLAG
    popfl

    movl    TABLE_PAGE_TABLE(%esi), %eax
    movl    %eax, %cr3
    movl    $BITS_CR4, %eax
    movl    %eax, %cr4
    movl    $MSR_EFER, %ecx
    rdmsr
    orl     $BIT_EFER_LME, %eax
    wrmsr

    leal    gdt - bake_start(%ebp), %eax
    subl    $8, %esp
    movw    $(gdt_end - gdt - 1), 2(%esp)
    movl    %eax, 4(%esp)
    lgdt    2(%esp)
    leal    in_64 - bake_start(%ebp), %eax
    movl    %eax, (%esp)
    movl    $SELECTOR_CODE64, 4(%esp)
    movl    %cr0, %eax
    orl     $BIT_CR0_PG, %eax
    movl    %eax, %cr0
    ljmpl   *(%esp)

    .code64
in_64:
    movl    $SELECTOR_DATA, %eax
    movl    %eax, %ds
    movl    %eax, %es
    movl    %eax, %ss
    // Upper halves are undefined until they are written.
    movl    %esi, %edi
    movl    %ebx, %esi
    leaq    program_end(%rip), %rax
    movq    TABLE_STACK_END(%rax), %rsp
    xorl    %ebp, %ebp
    call    bake_main
    ud2

// [[noreturn]] void bake_enter(uint64_t entry, uint64_t boot_params)
    .globl bake_enter
    .hidden bake_enter
bake_enter:
    movq    %rdi, %rax
    xorl    %ebx, %ebx
    xorl    %ecx, %ecx
    xorl    %edx, %edx
    xorl    %edi, %edi
    xorl    %ebp, %ebp
    jmp     *%rax

    .balign 8
gdt:
    .quad   0, 0
    .quad   0x00af9b000000ffff      // SELECTOR_CODE64
    .quad   0x00cf93000000ffff      // SELECTOR_DATA
gdt_end:

    .section .note.GNU-stack, "", @progbits
