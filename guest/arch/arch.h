// SPDX-License-Identifier: GPL-2.0-or-later
// What the payload asks of a CPU architecture. Implemented in arch/<cpu>/.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "fdt/abi/kho.h"
#include "guest/kho/phys_range.h"
#include "plugin/registers.h"

namespace guest {

// What firmware, boot loader or the previous kernel passed to this one. Lives in the image's own memory and
// holds no pointer into memory that the payload may give away.
struct BootInfo {
    enum class Entry : std::uint32_t { pvh, linux_16, linux_32, linux_64 };
    Entry entry;
    kexec_handover::MemoryRange memory_map[kexec_handover::max_memory_ranges];
    std::size_t memory_map_count;
    bool memory_map_truncated;                   // not all is here: more entries than fit, or one that wraps
    char command_line[2048];                     // NUL-terminated copy
    bool command_line_truncated;                 // the loader's was longer, or not readable to its end
    PhysRange image;                             // this payload, with its bss and stack
    PhysRange initrd;                            // size 0: none
    std::uint64_t acpi_rsdp;                     // 0: unknown
    std::optional<kho::abi::kho_data> handover;  // of the first SETUP_KEXEC_KHO node that is well-formed
    // There was a SETUP_KEXEC_KHO node of another length, or one that can't be read; or the list of nodes is
    // too long, circular or unreadable, so that there may have been one.
    bool handover_malformed;
    // Other memory that holds boot data until it has been read (boot_params, setup_data nodes).
    PhysRange boot_data[40];
    std::size_t boot_data_count;
};

namespace arch {

// Writes to the serial console, blocking. Usable before anything else is set up.
void console_write(std::string_view text);

// Identity-maps [0, top) for reading and writing, page 0 excepted; `top` is rounded up to 1 GiB. Page
// tables beyond those of the image come from `allocate_page`, which returns the address of one page that is
// already mapped, or 0; false if that ran out, or if no physical address is as high as `top`. The first 4 GiB
// are mapped before payload_main runs.
bool map_memory(std::uint64_t top, kho::PhysAddr (*allocate_page)(void *), void *context);

// The device's registers.
std::uint32_t read_register32(kexec_handover::Register r);
std::uint64_t read_register64(kexec_handover::Register r);
void write_register32(kexec_handover::Register r, std::uint32_t v);

// Puts every other CPU into a state in which it needs no memory (INIT, waiting for SIPI).
void stop_other_cpus();

// Jumps into the purgatory. Comes back only if the device refused, with its status.
kexec_handover::Status enter_purgatory(std::uint64_t purgatory_entry, kho::PhysAddr descriptor);

// (Re)starts the watchdog: if it is not called again within `seconds` (at most 500), registers are dumped
// to the console and the run ends as failed. 0 stops it.
void watchdog(unsigned seconds);

// Turns the machine off, where there is no device to give the verdict to; comes back if it cannot.
void power_off();

// Ends the run after the verdict was given, or where nothing can be turned off: never returns.
[[noreturn]] void halt();

// Resets the machine without a word, as a kernel does that lost its way: for tests.
[[noreturn]] void triple_fault();

// Monotonic ticks for measuring; frequency unknown.
std::uint64_t ticks();

}  // namespace arch

// The payload proper. Called once, on the boot CPU, with a stack of at least 64 KiB, IDT loaded, interrupts
// on, SSE usable. Does not return.
[[noreturn]] void payload_main(const BootInfo &info);

// Reports a fatal condition (exception, failed assertion, watchdog) in KTAP form ("Bail out! ..."), tells the
// device that the verdict is failed, and never returns. Provided by payload/, called by arch/.
[[noreturn]] void payload_bail_out(std::string_view reason);

}  // namespace guest
