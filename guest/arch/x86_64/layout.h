// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers that assembly and C++ of the image must agree on. Included by both: macros only.
#pragma once

// The physical address the image is linked at. Where it runs is found out at entry.
#define IMAGE_LINK_ADDRESS 0x1000000

// How the image was entered: guest::BootInfo::Entry.
#define ENTRY_PVH 0
#define ENTRY_LINUX_16 1
#define ENTRY_LINUX_32 2
#define ENTRY_LINUX_64 3

#define BOOT_PARAMS_SIZE 4096

// In EBX at the 32-bit entry, where the boot protocol wants 0: our own real-mode code came before.
#define SETUP_CODE_MARK 0x4f48434b

// Segment selectors. Those of 64-bit code and data are what the 64-bit boot protocol asks for.
#define SELECTOR_CODE32 0x08
#define SELECTOR_CODE64 0x10
#define SELECTOR_DATA 0x18
#define SELECTOR_TSS 0x20

#define BIT_CR0_PG 0x80000000
#define BIT_CR4_PAE 0x20
#define BIT_CR4_LA57 0x1000
#define MSR_EFER 0xc0000080
#define MSR_FS_BASE 0xc0000100
#define BIT_EFER_LME 0x100

#define STACK_SIZE 0x10000
