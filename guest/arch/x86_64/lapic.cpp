// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/arch/x86_64/lapic.h"

#include "guest/arch/arch.h"
#include "guest/arch/x86_64/cpu.h"
#include "guest/arch/x86_64/descriptors.h"

namespace guest::arch {
namespace {

constexpr std::uint32_t msr_apic_base = 0x1b;
constexpr std::uint64_t apic_enabled = 0x800, apic_x2 = 0x400;
constexpr std::uint64_t apic_address_mask = 0x000ffffffffff000;

// Offsets in the xAPIC page; in x2APIC mode a register is MSR 0x800 + offset / 16.
enum class Apic : std::uint32_t {
    version = 0x30,
    task_priority = 0x80,
    end_of_interrupt = 0xb0,
    spurious = 0xf0,
    in_service = 0x100,  // 8 registers
    command = 0x300,
    command_high = 0x310,
    timer = 0x320,
    thermal = 0x330,
    performance = 0x340,
    lint0 = 0x350,
    lint1 = 0x360,
    error = 0x370,
    initial_count = 0x380,
    current_count = 0x390,
    divide = 0x3e0,
};

constexpr std::uint32_t lvt_masked = 0x10000;
constexpr std::uint32_t divide_by_128 = 0xa;
// INIT, level asserted, to all excluding self. Delivery status is bit 12.
constexpr std::uint32_t init_all_others = 0xc4500;
constexpr std::uint32_t delivery_pending = 0x1000;

// QEMU's APIC bus runs at 1 GHz.
constexpr std::uint64_t timer_ticks_per_second = 1'000'000'000 / 128;

bool x2apic;
std::uint64_t apic_page;

std::uint32_t msr_of(Apic r) { return 0x800 + (static_cast<std::uint32_t>(r) >> 4); }

std::uint32_t read(Apic r) {
    if (x2apic)
        return static_cast<std::uint32_t>(read_msr(msr_of(r)));
    return *reinterpret_cast<volatile std::uint32_t *>(apic_page + static_cast<std::uint32_t>(r));
}

void write(Apic r, std::uint32_t v) {
    if (x2apic)
        write_msr(msr_of(r), v);
    else
        *reinterpret_cast<volatile std::uint32_t *>(apic_page + static_cast<std::uint32_t>(r)) = v;
}

// An interrupt that the last kernel took but never ended would block those of lower priority for ever.
void end_stale_interrupts() {
    for (unsigned rounds = 0; rounds < 256; ++rounds) {
        std::uint32_t any = 0;
        for (std::uint32_t i = 0; i < 8; ++i)
            any |= read(static_cast<Apic>(static_cast<std::uint32_t>(Apic::in_service) + 16 * i));
        if (!any)
            return;
        end_of_interrupt();
    }
}

}  // namespace

void start_lapic() {
    mask_legacy_pic();

    std::uint64_t base = read_msr(msr_apic_base);
    if (!(base & apic_enabled)) {
        base = (base & ~apic_x2) | apic_enabled;
        write_msr(msr_apic_base, base);
    }
    x2apic = base & apic_x2;
    apic_page = base & apic_address_mask;

    write(Apic::spurious, 0x100 | spurious_vector);
    write(Apic::task_priority, 0);
    const unsigned last_lvt = read(Apic::version) >> 16 & 0xff;
    for (const Apic lvt : {Apic::timer, Apic::lint0, Apic::lint1, Apic::error})
        write(lvt, lvt_masked | spurious_vector);
    if (last_lvt >= 4)
        write(Apic::performance, lvt_masked | spurious_vector);
    if (last_lvt >= 5)
        write(Apic::thermal, lvt_masked | spurious_vector);
    write(Apic::initial_count, 0);
    end_stale_interrupts();
}

void end_of_interrupt() { write(Apic::end_of_interrupt, 0); }

std::uint32_t pause_timer() {
    const std::uint32_t left = read(Apic::current_count);
    write(Apic::initial_count, 0);
    return left;
}

void resume_timer(std::uint32_t left) { write(Apic::initial_count, left); }

void watchdog(unsigned seconds) {
    static_assert(500 * timer_ticks_per_second <= UINT32_MAX);
    if (seconds > 500)
        seconds = 500;
    if (seconds == 0) {
        write(Apic::initial_count, 0);
        write(Apic::timer, lvt_masked | watchdog_vector);
        return;
    }
    write(Apic::timer, watchdog_vector);  // one-shot
    write(Apic::divide, divide_by_128);
    write(Apic::initial_count, static_cast<std::uint32_t>(seconds * timer_ticks_per_second));
}

void stop_other_cpus() {
    if (x2apic) {
        write_msr(msr_of(Apic::command), init_all_others);
    } else {
        write(Apic::command_high, 0);
        write(Apic::command, init_all_others);
        while (read(Apic::command) & delivery_pending) asm volatile("pause");
    }
    // Nothing tells when the others have obeyed. QEMU's do when their thread next looks; a write to the
    // unused port 0x80 takes a microsecond on real machines, and the host's other threads run during it.
    for (unsigned i = 0; i < 1000; ++i) out8(0x80, 0);
}

}  // namespace guest::arch
