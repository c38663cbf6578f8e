// SPDX-License-Identifier: GPL-2.0-or-later
// Where the four ways in meet: head.S calls guest_start() in 64-bit mode, on the image's stack, relocated,
// with .bss zeroed, but still with the interrupt table of what ran before, and with page tables, theirs or
// head.S's, that may map nothing but the image.
#include "guest/arch/arch.h"
#include "guest/arch/x86_64/boot_info.h"
#include "guest/arch/x86_64/cpu.h"
#include "guest/arch/x86_64/descriptors.h"
#include "guest/arch/x86_64/image.h"
#include "guest/arch/x86_64/lapic.h"
#include "guest/arch/x86_64/paging.h"

extern "C" [[gnu::visibility("hidden")]] [[noreturn]] void guest_start(std::uint32_t entry,
                                                                       std::uint64_t argument);

extern "C" void guest_start(std::uint32_t entry, std::uint64_t argument) {
    using namespace guest;
    static_assert(static_cast<int>(BootInfo::Entry::pvh) == ENTRY_PVH);
    static_assert(static_cast<int>(BootInfo::Entry::linux_16) == ENTRY_LINUX_16);
    static_assert(static_cast<int>(BootInfo::Entry::linux_32) == ENTRY_LINUX_32);
    static_assert(static_cast<int>(BootInfo::Entry::linux_64) == ENTRY_LINUX_64);

    arch::load_descriptor_tables();
    arch::start_paging();
    arch::start_lapic();

    static BootInfo info;
    info.entry = static_cast<BootInfo::Entry>(entry);
    info.image = {kho::PhysAddr{arch::image_address()}, arch::image_size()};
    if (info.entry == BootInfo::Entry::pvh)
        arch::read_pvh(info, argument);
    else
        arch::read_boot_params(info, argument);
    arch::unmap_page_zero();

    arch::enable_interrupts();
    payload_main(info);
}
