// SPDX-License-Identifier: GPL-2.0-or-later
// One file out of a handover and a kernel: a PVH ELF that boots in QEMU, and starts the kernel with the
// handover in memory. Other monitors that know the protocol were not tried.
//
// QEMU loads all of it before firmware runs. Firmware takes memory for itself, so what belongs where
// firmware may write is loaded elsewhere, and the loader (guest/bake) moves it afterwards:
//
//   0        1 MiB                                          32 MiB below the end of RAM below 4 GiB
//   ├ firmware ┼ loader, what is to be moved ┄ handover, kernel ┄ ┼ firmware ┤ 4 GiB ┄ handover ┄
#pragma once

#include <span>
#include <vector>

#include "fdt/boot/boot_plan.h"

namespace kho {

struct BakeRequest {
    const BootPlan *boot = nullptr;      // the kernel, without memory map and RSDP: the loader fills them in
    const RangeSet *handover = nullptr;  // its memory
    const RangeSet *scratch = nullptr;   // all of it, which the kernel takes for RAM
    const RangeSet *ram = nullptr;       // of the machine that was recorded
    std::span<const std::byte> loader;   // the program
};

// Memory that firmware may write to, in a machine whose RAM is this.
RangeSet firmware_memory(const RangeSet &ram);

struct BakePlan {
    // Bytes that belong to `to`: of the handover, unless `bytes` has them.
    struct Part {
        PhysAddr to{};
        std::uint64_t size = 0;
        std::span<const std::byte> bytes{};  // as long as the boot plan
    };
    // A program header. One part that belongs there, wherever that is; or parts to be moved, in this order,
    // each at a multiple of a page.
    struct Segment {
        Range memory{};  // what follows the last part is zeroed
        std::vector<Part> parts{};
    };

    std::vector<Segment> segments;        // without the loader's; ascending and disjoint
    std::vector<Range> zeroes;            // by the loader
    RangeSet needs;                       // what has to be RAM
    Range loader{};                       // program, table, page tables and stack; below 4 GiB
    std::vector<std::byte> loader_bytes;  // but for the sums, which are 0
    std::uint64_t sums = 0;  // where they begin in loader_bytes: abi::bake_part, in the segments' order
    PhysAddr entry{};
};

// Errors: no_room, if there is no free memory for the loader or for what has to be moved, all of it is more
// than the 2 GiB that QEMU loads, or it is in too many pieces; outside_memory, if something belongs where the
// machine has no RAM, or above the 512 GiB that are mapped.
Result<BakePlan> plan_bake(const BakeRequest &request);

}  // namespace kho
