// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/purgatory.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include "fdt/abi/units.h"
#include "plugin/registers.h"

extern "C" const std::byte purgatory_start[], purgatory_end[];

namespace kexec_handover {
namespace {

// The assembler file repeats these.
static_assert(mmio_base == 0xfef00000 && purgatory_base == 0xfef10000);
static_assert(static_cast<unsigned>(Register::status) == 0x10 &&
              static_cast<unsigned>(Register::descriptor) == 0x28 &&
              static_cast<unsigned>(Register::command) == 0x30 &&
              static_cast<unsigned>(Register::next_entry) == 0x40 &&
              static_cast<unsigned>(Register::next_argument) == 0x48);
static_assert(static_cast<unsigned>(Command::kexec) == 1 && static_cast<unsigned>(Command::enter) == 2);

using kho::gib;

//   page 0       code, then GDT and its descriptor
//   page 1       top-level page table
//   page 2       page directory pointers of the first 512 GiB
//   page 3..15   page directories, each 1 GiB in pages of 2 MiB; the first four map 0 .. 4 GiB
constexpr std::size_t top_page = 1, pointers_page = 2, first_directory = 3, low_directories = 4,
                      directories = 13;
static_assert((first_directory + directories) * kho::page_size == purgatory_size);

// Accessed and dirty bits are set: the CPU cannot set them in ROM.
constexpr std::uint64_t table_entry = 0x23;  // present, writable, accessed
constexpr std::uint64_t large_page = 0xe3;   // and dirty, 2 MiB

void store(std::span<std::byte> rom, std::size_t page, std::size_t entry, std::uint64_t v) {
    std::memcpy(rom.data() + page * kho::page_size + entry * sizeof v, &v, sizeof v);
}

void map_gib(std::span<std::byte> rom, std::size_t directory, std::uint64_t number) {
    const std::size_t page = first_directory + directory;
    for (std::uint64_t i = 0; i < 512; ++i) store(rom, page, i, (number * gib + (i << 21)) | large_page);
    store(rom, pointers_page, number, (purgatory_base + page * kho::page_size) | table_entry);
}

}  // namespace

std::vector<std::byte> make_purgatory() {
    std::vector<std::byte> rom(purgatory_size);
    std::copy(purgatory_start, purgatory_end, rom.begin());
    store(rom, top_page, 0, (purgatory_base + pointers_page * kho::page_size) | table_entry);
    for (std::size_t i = 0; i < low_directories; ++i) map_gib(rom, i, i);
    return rom;
}

bool map_in_purgatory(std::span<std::byte> rom, std::span<const kho::Range> ranges) {
    std::set<std::uint64_t> needed;
    for (const kho::Range &range : ranges) {
        if (range.empty())
            continue;
        if (value(range.end()) > 512 * gib)
            return false;
        for (std::uint64_t g = value(range.start) / gib; g <= (value(range.end()) - 1) / gib; ++g) {
            if (g >= low_directories)
                needed.insert(g);
        }
    }
    if (needed.size() > directories - low_directories)
        return false;
    for (std::uint64_t g = low_directories; g < 512; ++g) store(rom, pointers_page, g, 0);
    std::size_t directory = low_directories;
    for (const std::uint64_t g : needed) map_gib(rom, directory++, g);
    return true;
}

}  // namespace kexec_handover
