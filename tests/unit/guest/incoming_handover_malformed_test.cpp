// SPDX-License-Identifier: GPL-2.0-or-later
// KHO FDT, scratch array and chunk list that are malformed.
#include "tests/unit/guest/incoming_image.h"

namespace guest {
namespace {

TEST(IncomingHandover, AMalformedHandoverIsRefusedWithItsOwnFaultAndPlace) {
    constexpr std::uint64_t nowhere = std::uint64_t{1} << 44;
    struct Case {
        const char *what;
        Fault fault;
        std::uint64_t address;
        void (*damage)(IncomingImage &i);
    } const cases[] = {
        {"FDT of size 0", Fault::kho_fdt_size, fdt_at, [](IncomingImage &i) { i.data.fdt_size = 0; }},
        {"FDT larger than a page", Fault::kho_fdt_size, fdt_at,
         [](IncomingImage &i) { i.data.fdt_size = 4097; }},
        {"FDT at 0", Fault::kho_fdt_address, 0, [](IncomingImage &i) { i.data.fdt_addr = 0; }},
        {"FDT unaligned", Fault::kho_fdt_address, fdt_at + 8, [](IncomingImage &i) { i.data.fdt_addr += 8; }},
        {"FDT outside of RAM", Fault::kho_fdt_address, nowhere,
         [](IncomingImage &i) { i.data.fdt_addr = nowhere; }},
        {"FDT magic", Fault::kho_fdt_malformed, fdt_at,
         [](IncomingImage &i) { i.m.as<std::uint8_t>(fdt_at) ^= 1; }},
        {"FDT with a property that begins again", Fault::kho_fdt_malformed, fdt_at,
         [](IncomingImage &i) {
             auto *fdt = &i.m.as<char>(fdt_at);
             const std::uint32_t length = cpu_to_fdt32(0xfffffff4);
             std::memcpy(fdt + fdt_off_dt_struct(fdt) + fdt_first_property_offset(fdt, 0) + 4, &length,
                         sizeof length);
         }},
        {"FDT cut", Fault::kho_fdt_malformed, fdt_at, [](IncomingImage &i) { i.data.fdt_size = 64; }},
        {"FDT of a later kernel", Fault::kho_compatible, fdt_at,
         [](IncomingImage &i) {
             i.compatible = "kho-v5";
             i.write_fdt([](void *) {});
         }},
        {"FDT that is only a prefix of the version", Fault::kho_compatible, fdt_at,
         [](IncomingImage &i) {
             i.compatible = "kho-v";
             i.write_fdt([](void *) {});
         }},
        {"no map", Fault::map_property, fdt_at,
         [](IncomingImage &i) {
             i.map = 0;
             i.write_fdt([](void *) {});
         }},
        {"a map property of four bytes", Fault::map_property, fdt_at,
         [](IncomingImage &i) {
             char *f = reinterpret_cast<char *>(i.m.at(PhysAddr{fdt_at}));
             fdt_open_into(f, f, kho::page_size);
             fdt_setprop_u32(f, 0, "preserved-memory-map", 0x1002000);
         }},
        {"a child without its property", Fault::subtree_property, 0,
         [](IncomingImage &i) {
             i.write_fdt([](void *f) {
                 fdt_begin_node(f, "other");
                 fdt_end_node(f);
             });
         }},
        {"a child at an unaligned address", Fault::subtree_property, luo_at + 1,
         [](IncomingImage &i) {
             i.write_fdt([](void *f) {
                 const std::uint64_t at = luo_at + 1;
                 fdt_begin_node(f, "other");
                 fdt_property(f, "fdt", &at, 8);
                 fdt_end_node(f);
             });
         }},
        {"a child twice", Fault::subtree_twice, fdt_at,
         [](IncomingImage &i) {
             i.write_fdt([](void *f) {
                 fdt_begin_node(f, "LUO");
                 fdt_property(f, "fdt", &luo_at, 8);
                 fdt_end_node(f);
             });
         }},
        {"scratch of size 0", Fault::scratch_size, scratch_at,
         [](IncomingImage &i) { i.data.scratch_size = 0; }},
        {"scratch of half an entry", Fault::scratch_size, scratch_at,
         [](IncomingImage &i) { i.data.scratch_size = 24; }},
        {"scratch of a million entries", Fault::scratch_size, scratch_at,
         [](IncomingImage &i) { i.data.scratch_size = 16'000'000; }},
        {"scratch array at 0", Fault::scratch_address, 0, [](IncomingImage &i) { i.data.scratch_addr = 0; }},
        {"scratch array at the very end", Fault::scratch_address, ~std::uint64_t{15},
         [](IncomingImage &i) { i.data.scratch_addr = ~std::uint64_t{15}; }},
        {"scratch unaligned", Fault::scratch_area, Machine::scratch_start + 1,
         [](IncomingImage &i) { i.scratch(0).addr++; }},
        {"scratch outside of RAM", Fault::scratch_area, nowhere,
         [](IncomingImage &i) {
             i.scratch(1) = {nowhere, 4096};
         }},
        {"scratch that wraps", Fault::scratch_area, 0x3000000,
         [](IncomingImage &i) {
             i.scratch(1) = {0x3000000, ~std::uint64_t{0xfff}};
         }},
        {"scratch areas that overlap", Fault::scratch_overlap, Machine::scratch_start + 4096,
         [](IncomingImage &i) {
             i.scratch(1) = {Machine::scratch_start + 4096, 4096};
         }},
        {"no scratch but empty areas", Fault::no_scratch, scratch_at,
         [](IncomingImage &i) { i.scratch(0).size = 0; }},

        {"chunk unaligned", Fault::chunk_address, chunk1_at + 8,
         [](IncomingImage &i) { i.chunk(chunk0_at).next = chunk1_at + 8; }},
        {"chunk outside of RAM", Fault::chunk_address, nowhere,
         [](IncomingImage &i) { i.chunk(chunk0_at).next = nowhere; }},
        {"a chunk that is its own successor", Fault::chunk_cycle, chunk1_at,
         [](IncomingImage &i) {
             i.chunk(chunk1_at).num_elms = 0;
             i.chunk(chunk1_at).next = chunk1_at;
         }},
        {"two chunks in a cycle", Fault::chunk_cycle, chunk1_at,
         [](IncomingImage &i) {
             i.chunk(chunk0_at).num_elms = i.chunk(chunk1_at).num_elms = 0;
             i.chunk(chunk1_at).next = chunk0_at;
         }},
        {"a cycle of chunks with blocks", Fault::block_twice, fdt_at,
         [](IncomingImage &i) { i.chunk(chunk1_at).next = chunk0_at; }},
        {"256 elements", Fault::chunk_count, chunk1_at,
         [](IncomingImage &i) { i.chunk(chunk1_at).num_elms = 256; }},
        {"2^32 - 1 elements", Fault::chunk_count, chunk1_at,
         [](IncomingImage &i) { i.chunk(chunk1_at).num_elms = ~std::uint32_t{0}; }},
        {"order 21", Fault::chunk_order, chunk1_at, [](IncomingImage &i) { i.chunk(chunk1_at).order = 21; }},
        {"order 64", Fault::chunk_order, chunk1_at, [](IncomingImage &i) { i.chunk(chunk1_at).order = 64; }},
        {"bitmap at 0", Fault::bitmap_address, 0,
         [](IncomingImage &i) { i.chunk(chunk1_at).bitmaps[0].bitmap = 0; }},
        {"bitmap unaligned", Fault::bitmap_address, bitmap1_at + 1,
         [](IncomingImage &i) { i.chunk(chunk1_at).bitmaps[0].bitmap++; }},
        {"bitmap outside of RAM", Fault::bitmap_address, nowhere,
         [](IncomingImage &i) { i.chunk(chunk1_at).bitmaps[0].bitmap = nowhere; }},
        {"misaligned start", Fault::block_misaligned, 0x1000,
         [](IncomingImage &i) { i.chunk(chunk1_at).bitmaps[0].phys_start = 0x1000; }},
        {"a start so high that blocks would wrap", Fault::block_misaligned, ~std::uint64_t{0x7fff},
         [](IncomingImage &i) { i.chunk(chunk1_at).bitmaps[0].phys_start = ~std::uint64_t{0x7fff}; }},
        {"a block outside of RAM", Fault::block_outside_ram, 0x4000000,
         [](IncomingImage &i) { i.set(bitmap0_at, Machine::default_size >> 12); }},
        {"a block in scratch", Fault::block_in_scratch, Machine::scratch_start,
         [](IncomingImage &i) { i.set(bitmap0_at, Machine::scratch_start >> 12); }},
        {"a page inside a larger block", Fault::block_twice, data_at + 0x8000,
         [](IncomingImage &i) { i.set(bitmap0_at, (data_at + 0xa000) >> 12); }},
        {"an empty bitmap for two chunks", Fault::metadata_shared, data_at,
         [](IncomingImage &i) {
             i.chunk(chunk0_at).num_elms = 2;
             i.chunk(chunk0_at).bitmaps[1] = {0x8000000, data_at};
             i.chunk(chunk1_at).num_elms = 2;
             i.chunk(chunk1_at).bitmaps[1] = {0x8000000, data_at};
         }},
        {"an empty bitmap that is not preserved, twice", Fault::metadata_shared, data_at + 0x1000,
         [](IncomingImage &i) {
             i.chunk(chunk0_at).num_elms = 3;
             i.chunk(chunk0_at).bitmaps[1] = i.chunk(chunk0_at).bitmaps[2] = {0x8000000, data_at + 0x1000};
         }},
        {"a bitmap that is a chunk", Fault::metadata_shared, chunk1_at,
         [](IncomingImage &i) {
             i.m.as<std::uint64_t>(chunk1_at) = 0;
             std::memset(i.m.at(PhysAddr{chunk1_at}), 0, kho::page_size);
             i.chunk(chunk0_at).num_elms = 2;
             i.chunk(chunk0_at).bitmaps[1] = {0x8000000, chunk1_at};
         }},
        {"the scratch array in the FDT", Fault::metadata_shared, fdt_at,
         [](IncomingImage &i) {
             i.m.as<kho_scratch>(fdt_at + 0xf00) = i.scratch(0);
             i.data.scratch_addr = fdt_at + 0xf00;
             i.data.scratch_size = sizeof(kho_scratch);
         }},
        {"a subtree in a chunk", Fault::metadata_shared, chunk0_at,
         [](IncomingImage &i) {
             i.write_fdt([](void *f) {
                 const std::uint64_t at = chunk0_at;
                 fdt_begin_node(f, "other");
                 fdt_property(f, "fdt", &at, 8);
                 fdt_end_node(f);
             });
         }},
        {"a subtree in scratch", Fault::subtree_property, Machine::scratch_start,
         [](IncomingImage &i) {
             i.write_fdt([](void *f) {
                 const std::uint64_t at = Machine::scratch_start;
                 fdt_begin_node(f, "other");
                 fdt_property(f, "fdt", &at, 8);
                 fdt_end_node(f);
             });
         }},
        {"the FDT in scratch", Fault::kho_fdt_address, Machine::scratch_start,
         [](IncomingImage &i) {
             std::memcpy(i.m.at(PhysAddr{Machine::scratch_start}), i.m.at(PhysAddr{fdt_at}), kho::page_size);
             i.data.fdt_addr = Machine::scratch_start;
         }},
        {"a chunk in scratch", Fault::chunk_address, Machine::scratch_start,
         [](IncomingImage &i) { i.chunk(chunk0_at).next = Machine::scratch_start; }},
        {"a chunk in what the reader took", Fault::chunk_address, Machine::mib,
         [](IncomingImage &i) { i.chunk(chunk0_at).next = Machine::mib; }},
        {"a bitmap in scratch", Fault::bitmap_address, Machine::scratch_start,
         [](IncomingImage &i) { i.chunk(chunk1_at).bitmaps[0].bitmap = Machine::scratch_start; }},
        {"a bitmap in what the reader took", Fault::bitmap_address, 2 * Machine::mib,
         [](IncomingImage &i) { i.chunk(chunk1_at).bitmaps[0].bitmap = 2 * Machine::mib; }},
        {"the same bitmap twice", Fault::block_twice, fdt_at,
         [](IncomingImage &i) {
             i.chunk(chunk0_at).num_elms = 2;
             i.chunk(chunk0_at).bitmaps[1] = i.chunk(chunk0_at).bitmaps[0];
         }},
    };
    for (const Case &c : cases) {
        IncomingImage image;
        c.damage(image);
        EXPECT_EQ(image.read(), c.fault) << c.what;
        EXPECT_EQ(image.place.address, c.address) << c.what;
    }
}

TEST(IncomingHandover, TooManyChildrenAreRefused) {
    IncomingImage image;
    image.write_fdt([](void *f) {
        for (int i = 0; i < 40; i++) {
            fdt_begin_node(f, ("n" + std::to_string(i)).c_str());
            fdt_property(f, "fdt", &luo_at, 8);
            fdt_end_node(f);
        }
    });
    EXPECT_EQ(image.read(), Fault::subtree_too_many);
}

// Any single flipped bit of FDT, scratch array and chunks is either refused or changes what is preserved; it
// never reads outside of memory (the sanitizers watch) and never loops.
TEST(IncomingHandover, NoFlippedBitMakesTheReaderMisbehave) {
    for (const std::uint64_t page : {fdt_at, scratch_at, chunk0_at, chunk1_at})
        for (unsigned bit = 0; bit < 320 * 8; bit++) {
            IncomingImage image;
            image.m.as<std::uint8_t>(page + bit / 8) ^= static_cast<std::uint8_t>(1 << bit % 8);
            if (image.read() == Fault::none) {
                EXPECT_LE(image.handover.release_metadata(image.m.pages), 14u);
                const Pages::Counts &counts = image.m.pages.counts();
                EXPECT_EQ(counts.used, 0u);
            }
        }
}

}  // namespace
}  // namespace guest
