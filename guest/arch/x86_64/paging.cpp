// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/arch/x86_64/paging.h"

#include <cstring>

#include "guest/arch/arch.h"
#include "guest/arch/x86_64/cpu.h"
#include "guest/arch/x86_64/image.h"
#include "guest/arch/x86_64/leave_la57.h"

namespace guest::arch {
namespace {

using Entry = std::uint64_t;

constexpr unsigned entries = 512;
constexpr std::uint64_t two_mib = std::uint64_t{1} << 21;
constexpr std::uint64_t one_gib = std::uint64_t{1} << 30;
constexpr std::uint64_t address_limit = std::uint64_t{1} << 47;  // of the lower canonical half
constexpr std::uint64_t device_space = 0xfe000000;               // from here to 4 GiB there is no RAM

constexpr Entry present = 1;
constexpr Entry writable = 2;
constexpr Entry uncached = 0x18;
constexpr Entry large = 0x80;
// Accessed and dirty are set beforehand, so that the CPU never writes to the tables.
constexpr Entry used = 0x60;
constexpr Entry address_mask = 0x000ffffffffff000;

struct alignas(kho::page_size) Table {
    Entry entry[entries];
};

[[gnu::section(".bss.noinit.paging")]] Table root;
// PDPT and four directories for the first 4 GiB, two page tables, the same again for an image up high, and
// some for boot data up there.
[[gnu::section(".bss.noinit.paging")]] Table pool[24];
std::size_t pool_used;

kho::PhysAddr allocate_from_pool(void *) {
    if (pool_used == sizeof(pool) / sizeof(pool[0]))
        return kho::PhysAddr{0};
    return kho::PhysAddr{reinterpret_cast<std::uint64_t>(&pool[pool_used++])};
}

struct Allocator {
    kho::PhysAddr (*allocate)(void *);
    void *context;
};

constexpr unsigned index_of(std::uint64_t address, unsigned shift) {
    return static_cast<unsigned>(address >> shift) % entries;
}

Table *table_at(Entry e) { return reinterpret_cast<Table *>(e & address_mask); }

// A cleared table, or nullptr. Before paging is on every address counts as usable: the pool's is.
Table *new_table(const Allocator &from) {
    const std::uint64_t address = kho::value(from.allocate(from.context));
    if (address == 0 || !kho::is_aligned(address, kho::page_size))
        return nullptr;
    if (from.allocate != allocate_from_pool && !is_mapped(address, kho::page_size))
        return nullptr;
    Table *t = reinterpret_cast<Table *>(address);
    std::memset(t, 0, sizeof(*t));
    return t;
}

// The entry's table, made if missing.
Table *child(Entry &e, const Allocator &from) {
    if (!(e & present)) {
        Table *t = new_table(from);
        if (!t)
            return nullptr;
        e = reinterpret_cast<Entry>(t) | present | writable | used;
    }
    return table_at(e);
}

bool map_gib(std::uint64_t address, const Allocator &from) {
    address = kho::align_down(address, one_gib);
    Table *directories = child(root.entry[index_of(address, 39)], from);
    if (!directories)
        return false;
    Entry &directory = directories->entry[index_of(address, 30)];
    if (directory & present)
        return true;
    Table *pages = child(directory, from);
    if (!pages)
        return false;
    for (unsigned i = 0; i < entries; ++i) {
        const std::uint64_t page = address + i * two_mib;
        const bool device = page >= device_space && page < 4 * one_gib;
        pages->entry[i] = page | present | writable | large | used | (device ? uncached : 0);
    }
    return true;
}

// Takes one 4 KiB page out of the mapping.
void unmap_page(std::uint64_t address) {
    const Allocator from{allocate_from_pool, nullptr};
    Table *directories = table_at(root.entry[index_of(address, 39)]);
    Entry &e = table_at(directories->entry[index_of(address, 30)])->entry[index_of(address, 21)];
    if (e & large) {
        const std::uint64_t start = kho::align_down(address, two_mib);
        Table *pages = new_table(from);
        if (!pages)
            return;
        for (unsigned i = 0; i < entries; ++i)
            pages->entry[i] = (start + i * kho::page_size) | present | writable | used;
        e = reinterpret_cast<Entry>(pages) | present | writable | used;
    }
    table_at(e)->entry[index_of(address, 12)] = 0;
}

bool map_range(std::uint64_t address, std::uint64_t size, const Allocator &from) {
    const std::uint64_t last = address + (size ? size - 1 : 0);
    for (std::uint64_t a = kho::align_down(address, one_gib); a <= last; a += one_gib)
        if (!map_gib(a, from))
            return false;
    return true;
}

// The first address that this CPU's physical addresses, or the lower half of 4 levels, can't reach.
std::uint64_t physical_limit() {
    constexpr std::uint32_t address_sizes = 0x80000008;
    unsigned bits = 36;
    if (cpuid(0x80000000).eax >= address_sizes)
        bits = cpuid(address_sizes).eax & 0xff;
    return bits < 47 ? std::uint64_t{1} << bits : address_limit;
}

}  // namespace

void start_paging() {
    const Allocator from{allocate_from_pool, nullptr};
    std::memset(&root, 0, sizeof(root));
    map_range(0, 4 * one_gib, from);
    map_range(image_address(), image_size(), from);
    unmap_page(reinterpret_cast<std::uint64_t>(stack_guard_page));
    const std::uint64_t table = reinterpret_cast<std::uint64_t>(&root);
    if (read_cr4() & BIT_CR4_LA57) {
        // Five levels, with ours below the top one, map the same: from here on the old tables are not needed.
        Table *top = new_table(from);
        top->entry[0] = table | present | writable | used;
        write_cr3(reinterpret_cast<std::uint64_t>(top));
        leave_la57(table);
    }
    write_cr3(table);
}

void unmap_page_zero() {
    unmap_page(0);
    write_cr3(read_cr3());
}

bool is_mapped(std::uint64_t address, std::size_t size) {
    if (address >= address_limit || size > address_limit - address)
        return false;
    for (std::uint64_t a = kho::align_down(address, kho::page_size); a < address + size;
         a += kho::page_size) {
        Entry e = root.entry[index_of(a, 39)];
        for (unsigned shift = 30; (e & present) && !(e & large) && shift >= 12; shift -= 9)
            e = table_at(e)->entry[index_of(a, shift)];
        if (!(e & present))
            return false;
    }
    return true;
}

bool copy_from_physical(void *to, std::uint64_t address, std::size_t size) {
    const std::uint64_t limit = physical_limit();
    if (address == 0 || address >= limit || size > limit - address)
        return false;
    if (address < image_address() + image_size() && address + size > image_address())
        return false;
    if (!map_range(address, size, Allocator{allocate_from_pool, nullptr}) || !is_mapped(address, size))
        return false;
    std::memcpy(to, reinterpret_cast<const void *>(address), size);
    return true;
}

bool map_memory(std::uint64_t top, kho::PhysAddr (*allocate_page)(void *), void *context) {
    if (top > physical_limit())
        return false;
    return top == 0 || map_range(0, top, Allocator{allocate_page, context});
}

}  // namespace guest::arch
