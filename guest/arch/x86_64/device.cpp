// SPDX-License-Identifier: GPL-2.0-or-later
// The kexec-handover device: its registers and its purgatory.
#include "guest/arch/arch.h"
#include "guest/arch/x86_64/cpu.h"
#include "guest/arch/x86_64/lapic.h"

extern "C" {
#pragma GCC visibility push(hidden)
std::uint32_t purgatory_call(std::uint64_t entry, std::uint64_t descriptor);
#pragma GCC visibility pop
}

namespace guest::arch {

using kexec_handover::Register;

namespace {

template <typename T>
volatile T *at(Register r) {
    return reinterpret_cast<volatile T *>(kexec_handover::mmio_base + static_cast<std::uint32_t>(r));
}

}  // namespace

std::uint32_t read_register32(Register r) { return *at<std::uint32_t>(r); }
std::uint64_t read_register64(Register r) { return *at<std::uint64_t>(r); }
void write_register32(Register r, std::uint32_t v) { *at<std::uint32_t>(r) = v; }

// The next kernel must not inherit a running timer; after a refusal it goes on where it was.
kexec_handover::Status enter_purgatory(std::uint64_t purgatory_entry, kho::PhysAddr descriptor) {
    const bool enabled = interrupts_enabled();
    disable_interrupts();
    const std::uint32_t left = pause_timer();
    const std::uint32_t status = purgatory_call(purgatory_entry, kho::value(descriptor));
    resume_timer(left);
    if (enabled)
        enable_interrupts();
    return static_cast<kexec_handover::Status>(status);
}

void halt() {
    for (;;) asm volatile("cli; hlt");
}

void triple_fault() {
    const struct [[gnu::packed]] {
        std::uint16_t limit = 0;
        std::uint64_t base = 0;
    } no_idt;
    asm volatile("lidt %0; ud2" ::"m"(no_idt));
    halt();
}

std::uint64_t ticks() {
    std::uint32_t low, high;
    asm volatile("rdtsc" : "=a"(low), "=d"(high));
    return std::uint64_t{high} << 32 | low;
}

}  // namespace guest::arch
