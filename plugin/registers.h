// SPDX-License-Identifier: GPL-2.0-or-later
// The contract between the kexec-handover device and its guest: registers, commands, status codes
// and the kexec descriptor. Shared by device, payload and tests. Freestanding; plugin/README.md is its
// specification in prose. All integers are little-endian; addresses are guest-physical, sizes in bytes.
#pragma once

#include "fdt/abi/phys.h"

namespace kexec_handover {

// x86: two regions that no machine type of QEMU uses.
inline constexpr std::uint64_t mmio_base = 0xfef00000;
inline constexpr std::uint64_t mmio_size = 0x1000;
inline constexpr std::uint64_t purgatory_base = 0xfef10000;
inline constexpr std::uint64_t purgatory_size = 0x10000;

inline constexpr std::uint64_t device_signature = 0x5245564f444e4148;  // "HANDOVER", first letter lowest
inline constexpr std::uint32_t interface_version = 1;

// Offsets in the register page. Access is naturally aligned and 4 or 8 bytes wide. Unlisted offsets
// read as zero and ignore writes.
enum class Register : std::uint32_t {
    signature = 0x00,        // R  u64
    version = 0x08,          // R  u32
    state = 0x0c,            // R  u32  State
    status = 0x10,           // R  u32  Status of the last command
    status_index = 0x18,     // R  u64  which entry of an array, or how many, the status is about; else 0
    status_address = 0x20,   // R  u64  the address or value that the status is about, else 0
    descriptor = 0x28,       // RW u64  address of a Descriptor, 0: none
    command = 0x30,          // W  u32  Command; done when the write returns
    purgatory_entry = 0x38,  // R  u64  where the old kernel jumps to
    next_entry = 0x40,  // R  u64  next kernel's 64-bit entry; an 8-byte read claims it, later reads return 0
    next_argument = 0x48,      // R  u64  its boot_params address, likewise
    kexec_count = 0x50,        // R  u64  completed kexecs since power-on or system reset
    preserved_bytes = 0x58,    // R  u64  from here to luo_fdt: of the last kexec
    preserved_ranges = 0x60,   // R  u64  maximal runs of preserved memory
    poisoned_bytes = 0x68,     // R  u64  overwritten
    untouched_bytes = 0x70,    // R  u64  usable, not preserved, never touched: left alone
    kexec_nanoseconds = 0x78,  // R  u64  host time from doorbell to the end of loading
    recorded_bytes = 0x80,     // R  u64  size of the recording, 0: none was asked for
    kho_fdt = 0x88,            // R  u64  address of the last KHO FDT
    luo_fdt = 0x90,            // R  u64  address of the last LUO FDT, 0: none
    mismatched_ranges =
        0x98,        // R  u64  pieces of preserved memory whose checksum differed at the last verify
    verdict = 0xa0,  // RW u32  Verdict, forward only
    orders =
        0xa4,  // R  u32  Order bits: requests from the device's properties to the kernel that receives a handover
    release = 0xa8,  // R  u32  of the format that is written: major << 8 | minor
};

// For a kernel that another one started, whose command line is not ours to choose.
enum class Order : std::uint32_t {
    record = 1,  // record= is set: let the device record what was found (Command::record)
    relay = 2,   // kernel= is set: hand on to it what was found (Descriptor with found_in_memory)
    replay = 4,  // handover= is set: the first kexec puts that recording in place (found_in_recording)
    found = 8,   // no order: the last kexec handed on what was found, so its handover is not of this kernel's
                 // making
};

enum class Command : std::uint32_t {
    kexec = 1,   // from the purgatory only: validate, hand over, load
    enter = 2,   // from the purgatory only: the jump is about to happen
    verify = 3,  // compare the preserved memory with the checksums taken at the last kexec
    record = 4,  // write the recording of a handover that another kernel left, and do nothing else
};

enum class State : std::uint32_t {
    idle = 0,        // accepts kexec and verify
    validating = 1,  // inside a kexec, in this order
    recording = 2,
    poisoning = 3,
    loading = 4,
    handed_over = 5,  // the next kernel is in place; only enter is accepted
};

// What the guest wants QEMU to report about it. Should the machine stop without passed or failed (triple
// fault, reset, power off), QEMU's exit status says failure, unless verdict=optional is set and nothing is
// `pending`.
enum class Verdict : std::uint32_t {
    none = 0,
    pending = 1,              // a verdict is promised
    passed = 2,               // QEMU exits with status 0
    failed = 3,               // QEMU exits with status 1
    passed_at_power_off = 4,  // as passed, but the guest turns the machine off when its console is written
};

// Result of a command. The numbers are part of the interface: append only.
enum class Status : std::uint32_t {
#define KEXEC_STATUS(name, number) name = (number),
#include "plugin/statuses.def"
#undef KEXEC_STATUS
};

// ---------------------------------------------------------------------------------------------------
// The descriptor: what the old kernel says of itself. In RAM, 8-byte aligned.

inline constexpr std::uint32_t descriptor_magic = 0x5844484b;  // "KHDX"

struct ArrayRef {
    std::uint64_t address;  // 8-byte aligned; ignored when count is 0
    std::uint64_t count;    // of entries
};
static_assert(sizeof(ArrayRef) == 16);

struct Descriptor {
    std::uint32_t magic;
    std::uint32_t size;               // sizeof(Descriptor)
    std::uint64_t flags;              // DescriptorFlag bits
    ArrayRef memory_map;              // MemoryRange, as the next kernel shall see it
    ArrayRef scratch;                 // kho::abi::kho_scratch
    ArrayRef preserved;               // PreservedRange
    ArrayRef subtrees;                // Subtree, beside the LUO one, which the device adds
    std::uint64_t session_header;     // address of a luo_session_header_ser; 0: no LUO
    std::uint64_t liveupdate_number;  // what the LUO FDT shall say
    std::uint64_t acpi_rsdp;          // for the next boot_params; 0: unknown
    std::uint64_t flb_header;         // address of a luo_flb_header_ser; 0: no FLBs
    std::uint64_t handover;           // with found_in_memory: address of a kho_data; else 0
    std::uint64_t reserved;           // 0
};
static_assert(sizeof(Descriptor) == 128);

// The handover is there already and goes on as it is: all of the descriptor that would describe one is 0,
// from scratch to flb_header; the memory map and acpi_rsdp are this kernel's.
enum DescriptorFlag : std::uint64_t {
    found_in_memory = 1,     // another kernel left it
    found_in_recording = 2,  // handover= names its recording
};

struct MemoryRange {
    std::uint64_t address;
    std::uint64_t size;
    std::uint32_t type;  // of the e820 kind; 1 is usable RAM
    std::uint32_t reserved;
};
static_assert(sizeof(MemoryRange) == 24);

// `count` neighbouring blocks of 2^order pages each; address aligned to the block size.
struct PreservedRange {
    std::uint64_t address;
    std::uint32_t order;
    std::uint32_t count;
};
static_assert(sizeof(PreservedRange) == 16);

struct Subtree {
    char name[48];          // NUL-terminated, a valid FDT node name
    std::uint64_t address;  // of a preserved blob
    std::uint64_t size;
};
static_assert(sizeof(Subtree) == 64);

inline constexpr std::uint64_t max_memory_ranges = 128;
inline constexpr std::uint64_t max_scratch_areas = 256;
inline constexpr std::uint64_t max_preserved_ranges = std::uint64_t{1} << 20;
inline constexpr std::uint64_t max_subtrees = 32;

// The purgatory's calling convention (x86_64): jump there in long mode with 4-level paging that maps it
// and the register page at their physical addresses, CR4.PCIDE and CR4.PGE clear, interrupts off,
// RDI = descriptor address, RSI = where to return on refusal. On refusal it restores CR3 and jumps to RSI
// with EAX = Status and all registers but RAX, RCX and RDX kept; GDTR and CS, DS, ES, SS are then the
// purgatory's and the caller loads its own again.

}  // namespace kexec_handover
