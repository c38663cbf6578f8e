// SPDX-License-Identifier: GPL-2.0-or-later
// The image itself: where it is, and what the linker script, head.S and vectors.S define.
#pragma once

#include <cstdint>

#include "guest/arch/x86_64/layout.h"

extern "C" {
#pragma GCC visibility push(hidden)
extern char image_start[], image_end[];
extern char bss_start[], bss_end[];
extern const char rela_start[], rela_end[];
extern char stack_guard_page[];  // below the stack; not mapped
extern char interrupt_stubs[];   // 256, 16 bytes each
extern std::uint64_t gdt[];
void load_gdt();
#pragma GCC visibility pop
}

namespace guest::arch {

inline std::uint64_t image_address() { return reinterpret_cast<std::uint64_t>(image_start); }
inline std::uint64_t image_size() { return static_cast<std::uint64_t>(image_end - image_start); }

// Run address minus link address: what must be subtracted before asking a debugger.
inline std::uint64_t image_bias() { return image_address() - IMAGE_LINK_ADDRESS; }

}  // namespace guest::arch
