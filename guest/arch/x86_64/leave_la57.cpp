// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/arch/x86_64/leave_la57.h"

#include <cstring>

#include "guest/arch/x86_64/cpu.h"
#include "guest/arch/x86_64/image.h"

extern "C" {
#pragma GCC visibility push(hidden)
extern const char la57_code[], la57_code_end[];
void la57_run(std::uint64_t code);
#pragma GCC visibility pop
}

namespace guest::arch {

// The number of levels can only change while paging is off, hence in code below 4 GiB and with a top table
// below 4 GiB, wherever the image is. Two pages of low memory are borrowed for both and given back.
void leave_la57(std::uint64_t root) {
    constexpr std::uint64_t borrowed = 0x8000;  // la57.S knows too
    constexpr std::size_t page = 4096;
    [[gnu::section(".bss.noinit.la57")]] static char saved[2 * page];

    char *low = reinterpret_cast<char *>(borrowed);
    asm volatile("" : "+r"(low));  // a place, not an object: the compiler must not ask for its size
    std::memcpy(saved, low, sizeof(saved));
    std::memcpy(low, la57_code, static_cast<std::size_t>(la57_code_end - la57_code));
    std::memcpy(low + page, reinterpret_cast<const void *>(root), page);
    la57_run(borrowed);
    write_cr3(root);
    load_gdt();
    std::memcpy(low, saved, sizeof(saved));
}

}  // namespace guest::arch
