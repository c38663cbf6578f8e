// SPDX-License-Identifier: GPL-2.0-or-later
// A handover of kho-v1 in a machine's memory, made by hand, and read.
#pragma once

#include <functional>
#include <string>

#include "guest/kho/incoming.h"
#include "tests/unit/guest/machine.h"

extern "C" {
#include <libfdt.h>
}

namespace guest {

using kexec_handover::MemoryRange;
using kho::PhysAddr;
using kho::abi::kho_scratch;
using kho::abi::mem_chunk;

//   16 MiB: FDT, scratch array, chunk 0, bitmap 0, chunk 1, bitmap 1; what they preserve from 32 MiB on
constexpr std::uint64_t fdt_at = 0x1000000, scratch_at = 0x1001000, chunk0_at = 0x1002000,
                        bitmap0_at = 0x1003000, chunk1_at = 0x1004000, bitmap1_at = 0x1005000,
                        luo_at = 0x1006000, data_at = 0x2000000;

struct IncomingImage {
    Machine m;
    MemoryRange ram[1] = {{0, Machine::default_size, 1, 0}};
    MemoryLayout layout{ram, {}};
    kho::abi::kho_data data{fdt_at, kho::page_size, scratch_at, 2 * sizeof(kho_scratch)};
    std::string compatible = "kho-v1";
    std::uint64_t map = chunk0_at;

    IncomingImage() {
        scratch(0) = {Machine::scratch_start, Machine::scratch_size};
        scratch(1) = {0, 0};
        // Order 0: all metadata pages, and two pages of data. Order 3: one block.
        chunk(chunk0_at) = {.next = chunk1_at, .order = 0, .num_elms = 1, .bitmaps = {{0, bitmap0_at}}};
        chunk(chunk1_at) = {.next = 0, .order = 3, .num_elms = 1, .bitmaps = {{0, bitmap1_at}}};
        for (const std::uint64_t at : {fdt_at, scratch_at, chunk0_at, bitmap0_at, chunk1_at, bitmap1_at,
                                       luo_at, data_at, data_at + 0x3000})
            set(bitmap0_at, at >> 12);
        set(bitmap1_at, (data_at + 0x8000) >> 15);
        write_fdt([](void *) {});
    }
    kho_scratch &scratch(unsigned i) { return m.as<kho_scratch>(scratch_at + i * sizeof(kho_scratch)); }
    mem_chunk &chunk(std::uint64_t at) { return m.as<mem_chunk>(at); }
    void set(std::uint64_t bitmap, std::uint64_t bit) {
        m.as<std::uint8_t>(bitmap + bit / 8) |= static_cast<std::uint8_t>(1 << bit % 8);
    }
    // `more` adds to the root's contents before it ends.
    void write_fdt(const std::function<void(void *)> &more) {
        char *f = reinterpret_cast<char *>(m.at(PhysAddr{fdt_at}));
        fdt_create(f, kho::page_size);
        fdt_finish_reservemap(f);
        fdt_begin_node(f, "");
        fdt_property(f, "compatible", compatible.c_str(), static_cast<int>(compatible.size() + 1));
        fdt_property(f, "preserved-memory-map", &map, sizeof(map));
        fdt_begin_node(f, "LUO");
        fdt_property(f, "fdt", &luo_at, sizeof(luo_at));
        fdt_end_node(f);
        more(f);
        fdt_end_node(f);
        ASSERT_EQ(fdt_finish(f), 0);
    }
    Fault read() {
        place = Place();
        Errno error = handover.open(m.window(), data, layout, place);
        if (error == Errno::ok)
            error = handover.mark_preserved(m.pages, place);
        EXPECT_EQ(error == Errno::ok, place.fault == Fault::none);
        return place.fault;
    }
    IncomingHandover handover;
    Place place;
};

}  // namespace guest
