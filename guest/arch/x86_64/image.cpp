// SPDX-License-Identifier: GPL-2.0-or-later
// What a program loader does for other programs. Called by head.S, once, before any other C++ code; must not
// itself need what it is here to bring about.
#include "guest/arch/x86_64/image.h"

#include <cstddef>
#include <cstring>

#include "guest/arch/x86_64/cpu.h"

namespace {

struct Relocation {
    std::uint64_t place;
    std::uint64_t type;  // and symbol
    std::uint64_t addend;
};
static_assert(sizeof(Relocation) == 24);
constexpr std::uint64_t relative = 8;  // R_X86_64_RELATIVE, the only one in a program without symbols

// Code built with a stack protector (libfdt is) looks for its canary at fs:0x28. This one has a zero and line
// ends within: string functions can't copy it.
constexpr std::uint64_t stack_guard[] = {0, 0, 0, 0, 0, 0x00ff0a0d4b484f21};

}  // namespace

extern "C" [[gnu::visibility("hidden")]] void prepare_image();

extern "C" void prepare_image() {
    std::memset(bss_start, 0, static_cast<std::size_t>(bss_end - bss_start));

    const std::uint64_t bias = guest::arch::image_bias();
    for (const char *at = rela_start; at < rela_end; at += sizeof(Relocation)) {
        Relocation r;
        std::memcpy(&r, at, sizeof(r));
        if (r.type != relative)
            for (;;) asm volatile("hlt");
        *reinterpret_cast<std::uint64_t *>(r.place + bias) = r.addend + bias;
    }

    load_gdt();
    guest::arch::write_msr(MSR_FS_BASE, reinterpret_cast<std::uint64_t>(stack_guard));
}
