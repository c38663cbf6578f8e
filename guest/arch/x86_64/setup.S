// SPDX-License-Identifier: GPL-2.0-or-later
// The bzImage's first eight sectors: boot protocol header and the 16-bit real-mode entry, which SeaBIOS's
// Linux loader uses. A section of its own, not allocated and so linked at 0, the way it is addressed;
// objcopy puts it before the image. Facts from Documentation/arch/x86/boot.rst.
//
// Loaded at a segment start, below 1 MiB. The protocol grants the first 32 KiB of it:
//   0x0000  this             0x2000  end of the zero page, stack from 0x6000 down
//   0x1000  zero page

#include "layout.h"

#define SETUP_SIZE 0x1000
#define ZERO_PAGE 0x1000
#define STACK_TOP 0x6000

#define ZERO_PAGE_HEADER (ZERO_PAGE + 0x1f1)
#define ZERO_PAGE_E820_ENTRIES (ZERO_PAGE + 0x1e8)
#define ZERO_PAGE_E820_TABLE (ZERO_PAGE + 0x2d0)
#define SELECTOR_FILE_CODE 0x08
#define SELECTOR_CODE32_BY_PROTOCOL 0x10
#define E820_MAX_ENTRIES 128
#define E820_ENTRY_SIZE 20

    .section .setup, "", @progbits
    .code16
setup_start:
    .org 0x1f1
header:
    .byte   SETUP_SIZE / 512 - 1    // setup_sects
    .word   0                       // root_flags
    .long   image_file_paragraphs   // syssize
    .word   0                       // ram_size
    .word   0xffff                  // vid_mode: normal
    .word   0                       // root_dev
    .word   0xaa55                  // boot_flag
    jmp     real_mode               // two bytes, or .org complains
    .org 0x202
    .ascii  "HdrS"
    .word   0x020f                  // version
    .long   0                       // realmode_swtch
    .word   0                       // start_sys_seg
    .word   version_text - 0x200    // kernel_version
    .byte   0                       // type_of_loader
    .byte   0x81                    // LOADED_HIGH, CAN_USE_HEAP
    .word   0                       // setup_move_size
code32_start:
    .long   0x100000
    .long   0                       // ramdisk_image
    .long   0                       // ramdisk_size
    .long   0                       // bootsect_kludge
    .word   STACK_TOP - 0x200       // heap_end_ptr
    .byte   0                       // ext_loader_ver
    .byte   0                       // ext_loader_type
    .long   0                       // cmd_line_ptr
    .long   0x7fffffff              // initrd_addr_max
    .long   0x200000                // kernel_alignment
    .byte   1                       // relocatable_kernel
    .byte   12                      // min_alignment: 4 KiB
    .word   0x23                    // xloadflags: KERNEL_64, CAN_BE_LOADED_ABOVE_4G, 5LEVEL
    .long   2047                    // cmdline_size
    .long   0                       // hardware_subarch
    .quad   0                       // hardware_subarch_data
    .long   0                       // payload_offset
    .long   0                       // payload_length
    .quad   0                       // setup_data
    .quad   IMAGE_LINK_ADDRESS      // pref_address
    .long   image_memory_size       // init_size
    .long   0                       // handover_offset
    .long   0                       // kernel_info_offset
header_end:

// Entered with interrupts off and with DS, ES and SS at the segment that this file begins at. CS is 0x20
// paragraphs ahead of them, which relative jumps don't notice.
real_mode:
    cld
    movl    $STACK_TOP, %esp
    sti

    movw    $ZERO_PAGE, %di
    movw    $(BOOT_PARAMS_SIZE / 2), %cx
    xorw    %ax, %ax
    rep stosw
    movw    $header, %si
    movw    $ZERO_PAGE_HEADER, %di
    movw    $(header_end - header), %cx
    rep movsb

    // Memory map: INT 15h, AX = E820h, one entry a call until EBX comes back as 0.
    xorl    %ebx, %ebx
    movw    $ZERO_PAGE_E820_TABLE, %di
next_entry:
    movl    $0xe820, %eax
    movl    $0x534d4150, %edx       // "SMAP"
    movl    $E820_ENTRY_SIZE, %ecx
    int     $0x15
    jc      memory_map_done
    cmpl    $0x534d4150, %eax
    jne     memory_map_done
    addw    $E820_ENTRY_SIZE, %di
    incb    ZERO_PAGE_E820_ENTRIES
    cmpb    $E820_MAX_ENTRIES, ZERO_PAGE_E820_ENTRIES
    je      memory_map_done
    testl   %ebx, %ebx
    jnz     next_entry
memory_map_done:

    // A20: ask the BIOS, then the fast gate, whose bit 0 would reset the machine.
    movw    $0x2401, %ax
    int     $0x15
    cli
    inb     $0x92, %al
    btsw    $1, %ax
    jc      a20_done
    btrw    $0, %ax
    outb    %al, $0x92
a20_done:

    // Into protected mode in a code segment that begins where this file does, so that its addresses stay
    // good. EDX = that place.
    xorl    %edx, %edx
    movw    %ds, %dx
    shll    $4, %edx
    leal    0x9b000000(%edx), %eax   // behind the base's lower 24 bits: present code
    movl    %eax, file_code + 2
    leal    switch_gdt(%edx), %eax
    pushl   %eax
    pushw   $(switch_gdt_end - switch_gdt - 1)
    lgdtl   (%esp)
    movw    $1, %ax
    lmsw    %ax
    ljmpl   $SELECTOR_FILE_CODE, $protected_mode

    .code32
protected_mode:
    movw    $SELECTOR_DATA, %cx
    movw    %cx, %ss
    leal    STACK_TOP(%edx), %esp
    .irp    segment, ds, es, fs, gs
    movw    %cx, %\segment
    .endr
    leal    ZERO_PAGE(%edx), %esi
    movl    $SETUP_CODE_MARK, %ebx
    xorl    %ebp, %ebp
    xorl    %edi, %edi
    // Out of that segment, to where the loader says the image is.
    pushl   $SELECTOR_CODE32_BY_PROTOCOL
    pushl   code32_start(%edx)
    ljmpl   *(%esp)

    .balign 8
switch_gdt:
    .quad   0
file_code:
    .quad   0x00cf9b000000ffff      // SELECTOR_FILE_CODE, with a base to fill in
    .quad   0x00cf9b000000ffff      // SELECTOR_CODE32_BY_PROTOCOL
    .quad   0x00cf93000000ffff      // SELECTOR_DATA
switch_gdt_end:
version_text:
    .asciz  "kexec-handover payload"

    .org SETUP_SIZE

    .section .note.GNU-stack, "", @progbits
