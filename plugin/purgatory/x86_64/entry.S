/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs at kexec_handover::purgatory_base, from ROM: there is no stack and nothing can be stored. The numbers
   below are checked against plugin/registers.h and plugin/purgatory/x86_64/purgatory.cpp. */

#define MMIO 0xfef00000
#define PURGATORY 0xfef10000
#define REG_STATUS 0x10
#define REG_DESCRIPTOR 0x28
#define REG_COMMAND 0x30
#define REG_NEXT_ENTRY 0x40
#define REG_NEXT_ARGUMENT 0x48
#define COMMAND_KEXEC 1
#define COMMAND_ENTER 2
#define PAGE_TABLE (PURGATORY + 0x1000)
#define CODE_SELECTOR 0x10
#define DATA_SELECTOR 0x18

	.section .rodata.purgatory, "a", @progbits
	.code64
	.globl purgatory_start, purgatory_end
	.hidden purgatory_start, purgatory_end
	.balign 16
purgatory_start:
	/* In: RDI = descriptor, RSI = where to go on refusal. */
	cli
	cld
	mov	%cr3, %rdx
	mov	$PAGE_TABLE, %eax
	mov	%rax, %cr3
	lgdt	gdt_descriptor(%rip)
	/* A far jump through memory: loading CS without a stack. */
	ljmpl	*new_cs(%rip)
in_new_cs:
	mov	$DATA_SELECTOR, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$MMIO, %ecx
	mov	%rdi, REG_DESCRIPTOR(%rcx)
	movl	$COMMAND_KEXEC, REG_COMMAND(%rcx)
	/* Memory changed under the translator's feet: what follows belongs into a block of its own. */
	jmp	1f
	/* Reading the entry claims it, once: the CPU that gets it is the one that the next kernel starts on. */
1:	mov	REG_NEXT_ENTRY(%rcx), %rax
	test	%rax, %rax
	jnz	enter
	mov	REG_STATUS(%rcx), %eax
	test	%eax, %eax
	jnz	refused
	/* Another CPU was quicker. There is nothing to return to: this one waits for the next kernel to start it. */
wait:	hlt
	jmp	wait

enter:
	/* The next kernel's boot protocol: RSI = boot_params, interrupts off, flat segments. No IDT and no stack
	   of the old kernel: both are gone. */
	lidt	no_idt(%rip)
	mov	REG_NEXT_ARGUMENT(%rcx), %rsi
	movl	$COMMAND_ENTER, REG_COMMAND(%rcx)
	xor	%ebx, %ebx
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%edi, %edi
	xor	%ebp, %ebp
	xor	%esp, %esp
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d
	jmp	*%rax

refused:
	mov	%rdx, %cr3
	jmp	*%rsi

	.balign 8
new_cs:
	.long	PURGATORY + (in_new_cs - purgatory_start)
	.word	CODE_SELECTOR
	.balign 8
	/* Accessed bits are set: the CPU cannot set them in ROM. */
gdt:
	.quad	0
	.quad	0
	.quad	0x00af9b000000ffff
	.quad	0x00cf93000000ffff
gdt_end:
gdt_descriptor:
	.word	gdt_end - gdt - 1
	.quad	PURGATORY + (gdt - purgatory_start)
no_idt:
	.word	0
	.quad	0
purgatory_end:
	.section .note.GNU-stack, "", @progbits
