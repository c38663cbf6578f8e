// SPDX-License-Identifier: GPL-2.0-or-later
// Facts from: ACPI specification 6.5, 5.2 (tables) and 4.8.3 (registers); QEMU docs/specs and
// hw/misc/debugexit.c.
#include "guest/arch/x86_64/power_off.h"

#include "guest/arch/x86_64/cpu.h"

namespace guest::arch {
namespace {

constexpr std::uint16_t debug_exit = 0x501;  // isa-debug-exit: status is what is written * 2 + 1
constexpr std::uint64_t rsdp_begin = 0xe0000, rsdp_end = 0x100000, mapped_end = std::uint64_t{1} << 32;
constexpr std::uint32_t header_size = 36;

// The sleep type of "off" is AML of each machine: 0 on pc and q35, 5 for the registers of hardware-reduced
// ACPI (microvm).
constexpr std::uint16_t pm1_off = 1 << 13;
constexpr std::uint8_t reduced_off = 1 << 5 | 5 << 2;

template <typename T>
T load(std::uint64_t address) {
    T value{};
    if (address >= 0x1000 && address <= mapped_end - sizeof value)
        __builtin_memcpy(&value,
                         reinterpret_cast<const void *>(address),  // NOLINT(performance-no-int-to-ptr)
                         sizeof value);
    return value;
}

constexpr std::uint64_t name(const char *text, unsigned size) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < size; i++)
        value |= static_cast<std::uint64_t>(static_cast<unsigned char>(text[i])) << 8 * i;
    return value;
}

// The fixed ACPI description table; 0: there is none.
std::uint64_t find_fadt() {
    for (std::uint64_t rsdp = rsdp_begin; rsdp < rsdp_end; rsdp += 16) {
        if (load<std::uint64_t>(rsdp) != name("RSD PTR ", 8))
            continue;
        const bool wide = load<std::uint8_t>(rsdp + 15) >= 2 && load<std::uint64_t>(rsdp + 24) != 0;
        const std::uint64_t root = wide ? load<std::uint64_t>(rsdp + 24) : load<std::uint32_t>(rsdp + 16);
        const std::uint32_t size = load<std::uint32_t>(root + 4), step = wide ? 8 : 4;
        for (std::uint32_t at = header_size; at + step <= size && size <= 0x1000; at += step) {
            const std::uint64_t table =
                wide ? load<std::uint64_t>(root + at) : load<std::uint32_t>(root + at);
            if (load<std::uint32_t>(table) == name("FACP", 4))
                return table;
        }
    }
    return 0;
}

}  // namespace

void power_off() {
    out8(debug_exit, 0);
    const std::uint64_t fadt = find_fadt();
    if (fadt == 0)
        return;
    constexpr std::uint32_t hardware_reduced = 1 << 20;
    if ((load<std::uint32_t>(fadt + 112) & hardware_reduced) == 0) {
        if (const auto port = static_cast<std::uint16_t>(load<std::uint32_t>(fadt + 64)); port != 0)
            out16(port, pm1_off);
        return;
    }
    const auto address = load<std::uint64_t>(fadt + 248);
    if (address != 0 && address < mapped_end && load<std::uint32_t>(fadt + 4) >= 256)
        *reinterpret_cast<volatile std::uint8_t *>(address) =  // NOLINT(performance-no-int-to-ptr)
            reduced_off;
}

}  // namespace guest::arch
