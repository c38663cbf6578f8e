// SPDX-License-Identifier: GPL-2.0-or-later
// What runs between firmware and the kernel of a baked file. Firmware may have used any memory that it took
// for free, so what the file brought is looked at before it is believed:
//
//   memory map of the machine ── is what is needed RAM? ── are the parts as they were loaded? ──
//   move, zero, fill in boot_params ── kernel
//
// Whatever is wrong is said on the serial port, and the machine is turned off.
#include "fdt/abi/bake.h"
#include "fdt/abi/x86_boot.h"
#include "guest/arch/x86_64/cpu.h"
#include "guest/arch/x86_64/power_off.h"
#include "guest/arch/x86_64/pvh.h"
#include "guest/bake/x86_64/memory_map.h"
#include "guest/bake/x86_64/serial.h"

extern "C" {
[[noreturn]] void bake_main(const kho::abi::bake_table *table, std::uint64_t start_info);
[[noreturn]] void bake_enter(std::uint64_t entry, std::uint64_t boot_params);
}

namespace guest::bake {
namespace {

namespace abi = kho::abi;
namespace bp = kho::abi::boot_params;
namespace pvh = guest::arch::pvh;

// start.S repeats these, and program.lds looks where the load address is there.
static_assert(offsetof(abi::bake_table, page_table) == 8 && offsetof(abi::bake_table, stack_end) == 16);
static_assert(abi::bake_load_address == 1);

[[noreturn]] void stop() {
    print("\nkho: the machine is stopped\n");
    guest::arch::power_off();
    for (;;) asm volatile("cli; hlt");
}

[[noreturn]] void stop(std::string_view why) {
    print("\nkho: ");
    print(why);
    stop();
}

// All addresses are identity-mapped; which ones may be used is checked by the caller.
template <typename T>
T *at_physical(std::uint64_t address) {
    return reinterpret_cast<T *>(address);  // NOLINT(performance-no-int-to-ptr)
}

// A copy, since what firmware left may lie where a part goes.
void read_memory_map(MemoryMap &map, const pvh::StartInfo &start) {
    if (start.magic != pvh::start_info_magic)
        stop("this was not started by the PVH entry: there is no hvm_start_info");
    if (start.version < 1 || start.memory_map_entries == 0)
        stop("the loader that started this gives no memory map (hvm_start_info of version 0)");
    if (start.memory_map_entries > abi::e820_max_entries)
        stop("the memory map has more than 128 entries");
    map.count = start.memory_map_entries;
    const auto *entries = at_physical<const pvh::MemoryMapEntry>(start.memory_map);
    for (unsigned i = 0; i < map.count; i++)
        map.entries[i] = {entries[i].address, entries[i].size, entries[i].type};
}

void check_ram(const MemoryMap &map, const abi::bake_range *needs, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        const std::uint64_t end = needs[i].start + needs[i].size;
        const std::uint64_t missing = ram_up_to(map, needs[i].start);
        if (missing >= end)
            continue;
        print("\nkho: there is no RAM at ");
        print_hex(missing);
        print(", the handover needs ");
        print_hex(needs[i].start);
        print("-");
        print_hex(end - 1);
        if (const kho::abi::e820_entry *reserved = reserved_at(map, missing)) {
            print(".\nkho: firmware keeps ");
            print_hex(reserved->addr);
            print("-");
            print_hex(reserved->addr + reserved->size - 1);
            print(
                " for itself: start this with more memory (-m) than the machine that was recorded,"
                "\nkho: or with the same devices (-nodefaults, if it had that)");
        } else {
            print(".\nkho: start this with as much memory (-m) as the machine that was recorded");
        }
        stop();
    }
}

std::uint64_t sum_of(const abi::bake_part &part) {
    std::uint64_t sum = 0;
    std::uint64_t word = 0;
    const std::uint64_t rest = part.size % sizeof word, words_end = part.from + part.size - rest;
    // Where a recording has its pieces is not for us to choose: words may lie anywhere.
    for (std::uint64_t at = part.from; at < words_end; at += sizeof word) {
        __builtin_memcpy(&word, at_physical<const void>(at), sizeof word);
        sum = abi::bake_sum(sum, word);
    }
    std::uint64_t last = 0;
    for (std::uint64_t i = 0; i < rest; i++)
        last |= std::uint64_t{at_physical<const std::uint8_t>(words_end)[i]} << 8 * i;
    return rest == 0 ? sum : abi::bake_sum(sum, last);
}

void check_sums(const abi::bake_part *parts, unsigned count, bool with_initrd) {
    for (unsigned i = 0; i < count; i++) {
        if (sum_of(parts[i]) == parts[i].sum)
            continue;
        print("\nkho: firmware wrote over what was loaded at ");
        print_hex(parts[i].from);
        print("-");
        print_hex(parts[i].from + parts[i].size - 1);
        if (with_initrd)
            print("\nkho: start this without -initrd, which is loaded over it");
        stop();
    }
}

void move(const abi::bake_part &part) {
    void *to = at_physical<void>(part.to);
    const void *from = at_physical<const void>(part.from);
    std::uint64_t words = part.size / 8, bytes = part.size % 8;
    asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
}

void zero(const abi::bake_range &range) {
    void *to = at_physical<void>(range.start);
    std::uint64_t words = range.size / 8, bytes = range.size % 8;
    asm volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(0) : "memory");
    asm volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(0) : "memory");
}

void fill_boot_params(std::uint64_t address, const MemoryMap &map, std::uint64_t rsdp) {
    *at_physical<std::uint64_t>(address + bp::acpi_rsdp_addr) = rsdp;
    *at_physical<std::uint8_t>(address + bp::e820_entries) = static_cast<std::uint8_t>(map.count);
    auto *const table = at_physical<abi::e820_entry>(address + bp::e820_table);
    for (unsigned i = 0; i < map.count; i++) table[i] = map.entries[i];
}

}  // namespace
}  // namespace guest::bake

void bake_main(const kho::abi::bake_table *table, std::uint64_t start_info) {
    using namespace guest::bake;

    start_serial();
    if (table->magic != abi::bake_magic)
        stop("firmware wrote over the loader");
    const auto *const parts = reinterpret_cast<const abi::bake_part *>(table + 1);
    const auto *const zeroes = reinterpret_cast<const abi::bake_range *>(parts + table->parts);
    const auto *const needs = zeroes + table->zeroes;

    const auto &start = *at_physical<const pvh::StartInfo>(start_info);
    MemoryMap map;
    read_memory_map(map, start);
    const std::uint64_t rsdp = start.rsdp;
    const bool with_initrd = start.module_count != 0;
    check_ram(map, needs, table->needs);
    check_sums(parts, table->parts, with_initrd);

    std::uint64_t moved = 0;
    for (unsigned i = 0; i < table->parts; i++) {
        if (parts[i].from == parts[i].to)
            continue;
        move(parts[i]);
        moved += parts[i].size;
    }
    for (unsigned i = 0; i < table->zeroes; i++) zero(zeroes[i]);
    fill_boot_params(table->boot_params, map, rsdp);
    // A kernel that finds no 8259 does not mask it either, and takes SeaBIOS's timer for a division by zero.
    guest::arch::mask_legacy_pic();

    print("kho: the handover is in place, ");
    print_decimal(table->parts);
    print(" parts, ");
    print_decimal(moved);
    print(" bytes moved; kernel at ");
    print_hex(table->entry);
    print("\n");
    bake_enter(table->entry, table->boot_params);
}
