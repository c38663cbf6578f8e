// SPDX-License-Identifier: GPL-2.0-or-later
// A bzImage that does nothing: it says where its boot_params are, and halts. Linux's kexec_file_load() takes it as
// the next kernel, so what one kernel hands to the next can be looked at in memory as it is at the moment of the
// jump: nothing is written, not even to a stack. Facts from Documentation/arch/x86/boot.rst.

#define SETUP_SECTORS 2
#define CODE ((1 + SETUP_SECTORS) * 512)
#define UART 0x3f8
#define LINE_STATUS 5
#define HOLDING_EMPTY 0x20

    .text
    .org 0x1f1
    .byte   SETUP_SECTORS           // setup_sects
    .word   0                       // root_flags
    .long   (end - code) / 16       // syssize
    .word   0, 0xffff, 0            // ram_size, vid_mode, root_dev
    .word   0xaa55                  // boot_flag
    .org 0x200
    .byte   0xeb, header_end - 0x0202 // jump; says where the header ends
    .ascii  "HdrS"
    .word   0x020f                  // version
    .org 0x211
    .byte   1                       // loadflags: LOADED_HIGH
    .org 0x214
    .long   0x100000                // code32_start
    .org 0x22c
    .long   0x7fffffff              // initrd_addr_max
    .long   0x200000                // kernel_alignment
    .byte   1, 21                   // relocatable_kernel, min_alignment
    .word   3                       // xloadflags: KERNEL_64, CAN_BE_LOADED_ABOVE_4G
    .long   2047                    // cmdline_size
    .org 0x258
    .quad   0x1000000               // pref_address
    .long   0x10000                 // init_size
    .set    header_end, 0x264

    .org CODE
code:
    .code32
1:  cli                             // entered in protected mode: by no kernel that hands over
    hlt
    jmp     1b

    .org CODE + 0x200
    .code64
    // RSI = boot_params. Subroutines return to RBP, for lack of a stack.
    cli
    lea     message(%rip), %rdi
next:
    movb    (%rdi), %bl
    inc     %rdi
    testb   %bl, %bl
    jz      address
    lea     next(%rip), %rbp
    jmp     put

address:
    movl    $16, %ecx
    lea     digit(%rip), %rbp
digit:
    testl   %ecx, %ecx
    jz      newline
    decl    %ecx
    rolq    $4, %rsi
    movl    %esi, %ebx
    andl    $15, %ebx
    lea     digits(%rip), %rdi
    movb    (%rdi, %rbx), %bl
    jmp     put

newline:
    movb    $'\n', %bl
    lea     stop(%rip), %rbp
    jmp     put

stop:
    cli
    hlt
    jmp     stop

put:                                // BL, once the UART takes it
    movw    $(UART + LINE_STATUS), %dx
2:  inb     %dx, %al
    testb   $HOLDING_EMPTY, %al
    jz      2b
    movb    %bl, %al
    movw    $UART, %dx
    outb    %al, %dx
    jmp     *%rbp

message:
    .asciz  "\nhalt: boot_params at 0x"
digits:
    .ascii  "0123456789abcdef"
    .balign 512
end:
    .section .note.GNU-stack, "", @progbits
