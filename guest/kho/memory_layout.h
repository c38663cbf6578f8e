// SPDX-License-Identifier: GPL-2.0-or-later
// Physical memory before there is an allocator: what firmware says, what is taken, where scratch goes, and
// where the page map goes.
#pragma once

#include <span>

#include "fdt/abi/kho.h"
#include "guest/kho/pages.h"
#include "guest/kho/phys_range.h"
#include "plugin/registers.h"

namespace guest {

struct MemoryLayout {
    std::span<const kexec_handover::MemoryRange> map;
    std::span<const PhysRange> taken;  // image, initrd, boot data
};

inline constexpr std::uint32_t usable_ram = 1;
// The page map takes a byte for 4 KiB, and it must fit into scratch: RAM beyond is not used.
inline constexpr std::uint64_t highest_top = std::uint64_t{64} << 30;

// The end of the highest usable memory, at most highest_top; 0 if there is none.
std::uint64_t top_of_ram(std::span<const kexec_handover::MemoryRange> map);

// Bytes of usable RAM.
std::uint64_t ram_size(std::span<const kexec_handover::MemoryRange> map);

// Bytes of usable RAM above 4 GiB that are not scratch. The same in every life, since both are handed over.
std::uint64_t high_memory(std::span<const kexec_handover::MemoryRange> map,
                          std::span<const kho::abi::kho_scratch> scratch);

// The lowest aligned place for `size` bytes within [from, to) that is usable RAM and meets nothing of
// `taken` nor of `also_taken`. ENOMEM if there is none.
Result<kho::PhysAddr> find_place(const MemoryLayout &layout,
                                 std::span<const kho::abi::kho_scratch> also_taken, std::uint64_t size,
                                 std::uint64_t alignment, std::uint64_t from, std::uint64_t to);

// The same inside scratch: all that a kernel may use until it has read the map of preserved memory. Linux
// keeps the scratch array itself there, so that `also_taken` has it.
Result<kho::PhysAddr> find_in_scratch(const MemoryLayout &layout,
                                      std::span<const kho::abi::kho_scratch> scratch,
                                      std::span<const kho::abi::kho_scratch> also_taken, std::uint64_t size,
                                      std::uint64_t alignment);

// A cold boot's choice of two areas: low memory (below 4 GiB, from 16 MiB on, 2 MiB aligned) and a global
// one, above 4 GiB if there is RAM. `size` is that of the low area, rounded up to 2 MiB; the global one takes
// half of it. ENOMEM if there is no such place.
Errno choose_scratch(const MemoryLayout &layout, std::uint64_t size, kho::abi::kho_scratch (&areas)[2]);

// The size if no parameter sets it: an eighth of RAM, from 8 MiB to 32 MiB.
std::uint64_t default_scratch_size(std::span<const kexec_handover::MemoryRange> map);

// Fills `pages`, whose map lies at `map`: RAM, taken memory, scratch.
Errno init_pages(Pages &pages, PhysicalWindow window, kho::PhysAddr map, const MemoryLayout &layout,
                 std::span<const kho::abi::kho_scratch> scratch);

}  // namespace guest
