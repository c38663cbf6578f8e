// SPDX-License-Identifier: GPL-2.0-or-later
// The guest's reader of KHO FDT, scratch array and chunk list, on images made by hand.
#include "guest/kho/incoming.h"

#include <functional>

#include "tests/unit/guest/machine.h"

extern "C" {
#include <libfdt.h>
}

namespace guest {
namespace {

using kexec_handover::MemoryRange;
using kho::PhysAddr;
using kho::abi::kho_scratch;
using kho::abi::mem_chunk;

//   16 MiB: FDT, scratch array, chunk 0, bitmap 0, chunk 1, bitmap 1; what they preserve from 32 MiB on
constexpr std::uint64_t fdt_at = 0x1000000, scratch_at = 0x1001000, chunk0_at = 0x1002000,
                        bitmap0_at = 0x1003000, chunk1_at = 0x1004000, bitmap1_at = 0x1005000,
                        luo_at = 0x1006000, data_at = 0x2000000;

struct Image {
    Machine m;
    MemoryRange ram[1] = {{0, Machine::default_size, 1, 0}};
    MemoryLayout layout{ram, {}};
    kho::abi::kho_data data{fdt_at, kho::page_size, scratch_at, 2 * sizeof(kho_scratch)};
    std::string compatible = "kho-v1";
    std::uint64_t map = chunk0_at;

    Image() {
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

TEST(IncomingHandover, ASoundHandoverIsReadAndItsMetadataGivenBack) {
    Image image;
    const Pages::Counts before = image.m.pages.counts();
    ASSERT_EQ(image.read(), Fault::none);
    EXPECT_EQ(image.handover.blocks(), 10u);
    EXPECT_EQ(image.handover.nodes(), 2u);
    EXPECT_EQ(image.handover.unpreserved_metadata(), 0u);
    EXPECT_EQ(image.m.pages.counts().incoming, 9u + 8u);
    EXPECT_TRUE(image.m.pages.is_incoming(PhysAddr{data_at}));
    EXPECT_FALSE(image.m.pages.is_incoming(PhysAddr{data_at + 0x1000}));
    EXPECT_TRUE(image.m.pages.is_incoming(PhysAddr{data_at + 0x8000}));
    EXPECT_EQ(*image.m.pages.order_of(PhysAddr{data_at + 0x8000}), 3u);
    EXPECT_EQ(kho::value(image.handover.subtree("LUO")->address), luo_at);
    EXPECT_EQ(image.handover.subtree("LU"), nullptr);
    ASSERT_EQ(image.handover.scratch().size(), 2u);
    EXPECT_EQ(image.handover.release_metadata(image.m.pages), 6u) << "FDT, scratch, two chunks, two bitmaps";
    EXPECT_EQ(image.m.pages.counts().incoming, 3u + 8u);
    EXPECT_EQ(image.m.pages.counts().free, before.free - 11);
    EXPECT_EQ(image.handover.release_metadata(image.m.pages), 0u) << "the second time there is nothing left";
}

TEST(IncomingHandover, EmptyBitmapsChunksAndNoNextAreLegal) {
    Image image;
    std::memset(image.m.at(PhysAddr{bitmap1_at}), 0, kho::page_size);
    EXPECT_EQ(image.read(), Fault::none);
    Image no_elements;
    no_elements.chunk(chunk1_at).num_elms = 0;
    EXPECT_EQ(no_elements.read(), Fault::none);
}

TEST(IncomingHandover, MetadataThatTheListLeavesOutIsCounted) {
    Image image;
    image.m.as<std::uint8_t>(bitmap0_at + (chunk1_at >> 12) / 8) &=
        static_cast<std::uint8_t>(~(1 << (chunk1_at >> 12) % 8));
    ASSERT_EQ(image.read(), Fault::none);
    EXPECT_EQ(image.handover.unpreserved_metadata(), 1u);
    EXPECT_EQ(kho::value(image.handover.first_unpreserved_metadata()), chunk1_at);
    EXPECT_FALSE(image.m.pages.is_free(PhysAddr{chunk1_at})) << "kept until it is released";
    EXPECT_EQ(image.handover.release_metadata(image.m.pages), 6u);
}

TEST(IncomingHandover, AMalformedHandoverIsRefusedWithItsOwnFaultAndPlace) {
    constexpr std::uint64_t nowhere = std::uint64_t{1} << 44;
    struct Case {
        const char *what;
        Fault fault;
        std::uint64_t address;
        void (*damage)(Image &i);
    } const cases[] = {
        {"FDT of size 0", Fault::kho_fdt_size, fdt_at, [](Image &i) { i.data.fdt_size = 0; }},
        {"FDT larger than a page", Fault::kho_fdt_size, fdt_at, [](Image &i) { i.data.fdt_size = 4097; }},
        {"FDT at 0", Fault::kho_fdt_address, 0, [](Image &i) { i.data.fdt_addr = 0; }},
        {"FDT unaligned", Fault::kho_fdt_address, fdt_at + 8, [](Image &i) { i.data.fdt_addr += 8; }},
        {"FDT outside of RAM", Fault::kho_fdt_address, nowhere, [](Image &i) { i.data.fdt_addr = nowhere; }},
        {"FDT magic", Fault::kho_fdt_malformed, fdt_at, [](Image &i) { i.m.as<std::uint8_t>(fdt_at) ^= 1; }},
        {"FDT with a property that begins again", Fault::kho_fdt_malformed, fdt_at,
         [](Image &i) {
             auto *fdt = &i.m.as<char>(fdt_at);
             const std::uint32_t length = cpu_to_fdt32(0xfffffff4);
             std::memcpy(fdt + fdt_off_dt_struct(fdt) + fdt_first_property_offset(fdt, 0) + 4, &length,
                         sizeof length);
         }},
        {"FDT cut", Fault::kho_fdt_malformed, fdt_at, [](Image &i) { i.data.fdt_size = 64; }},
        {"FDT of a later kernel", Fault::kho_compatible, fdt_at,
         [](Image &i) {
             i.compatible = "kho-v5";
             i.write_fdt([](void *) {});
         }},
        {"FDT that is only a prefix of the version", Fault::kho_compatible, fdt_at,
         [](Image &i) {
             i.compatible = "kho-v";
             i.write_fdt([](void *) {});
         }},
        {"no map", Fault::map_property, fdt_at,
         [](Image &i) {
             i.map = 0;
             i.write_fdt([](void *) {});
         }},
        {"a map property of four bytes", Fault::map_property, fdt_at,
         [](Image &i) {
             char *f = reinterpret_cast<char *>(i.m.at(PhysAddr{fdt_at}));
             fdt_open_into(f, f, kho::page_size);
             fdt_setprop_u32(f, 0, "preserved-memory-map", 0x1002000);
         }},
        {"a child without its property", Fault::subtree_property, 0,
         [](Image &i) {
             i.write_fdt([](void *f) {
                 fdt_begin_node(f, "other");
                 fdt_end_node(f);
             });
         }},
        {"a child at an unaligned address", Fault::subtree_property, luo_at + 1,
         [](Image &i) {
             i.write_fdt([](void *f) {
                 const std::uint64_t at = luo_at + 1;
                 fdt_begin_node(f, "other");
                 fdt_property(f, "fdt", &at, 8);
                 fdt_end_node(f);
             });
         }},
        {"a child twice", Fault::subtree_twice, fdt_at,
         [](Image &i) {
             i.write_fdt([](void *f) {
                 fdt_begin_node(f, "LUO");
                 fdt_property(f, "fdt", &luo_at, 8);
                 fdt_end_node(f);
             });
         }},
        {"scratch of size 0", Fault::scratch_size, scratch_at, [](Image &i) { i.data.scratch_size = 0; }},
        {"scratch of half an entry", Fault::scratch_size, scratch_at,
         [](Image &i) { i.data.scratch_size = 24; }},
        {"scratch of a million entries", Fault::scratch_size, scratch_at,
         [](Image &i) { i.data.scratch_size = 16'000'000; }},
        {"scratch array at 0", Fault::scratch_address, 0, [](Image &i) { i.data.scratch_addr = 0; }},
        {"scratch array at the very end", Fault::scratch_address, ~std::uint64_t{15},
         [](Image &i) { i.data.scratch_addr = ~std::uint64_t{15}; }},
        {"scratch unaligned", Fault::scratch_area, Machine::scratch_start + 1,
         [](Image &i) { i.scratch(0).addr++; }},
        {"scratch outside of RAM", Fault::scratch_area, nowhere,
         [](Image &i) {
             i.scratch(1) = {nowhere, 4096};
         }},
        {"scratch that wraps", Fault::scratch_area, 0x3000000,
         [](Image &i) {
             i.scratch(1) = {0x3000000, ~std::uint64_t{0xfff}};
         }},
        {"scratch areas that overlap", Fault::scratch_overlap, Machine::scratch_start + 4096,
         [](Image &i) {
             i.scratch(1) = {Machine::scratch_start + 4096, 4096};
         }},
        {"no scratch but empty areas", Fault::no_scratch, scratch_at,
         [](Image &i) { i.scratch(0).size = 0; }},

        {"chunk unaligned", Fault::chunk_address, chunk1_at + 8,
         [](Image &i) { i.chunk(chunk0_at).next = chunk1_at + 8; }},
        {"chunk outside of RAM", Fault::chunk_address, nowhere,
         [](Image &i) { i.chunk(chunk0_at).next = nowhere; }},
        {"a chunk that is its own successor", Fault::chunk_cycle, chunk1_at,
         [](Image &i) {
             i.chunk(chunk1_at).num_elms = 0;
             i.chunk(chunk1_at).next = chunk1_at;
         }},
        {"two chunks in a cycle", Fault::chunk_cycle, chunk1_at,
         [](Image &i) {
             i.chunk(chunk0_at).num_elms = i.chunk(chunk1_at).num_elms = 0;
             i.chunk(chunk1_at).next = chunk0_at;
         }},
        {"a cycle of chunks with blocks", Fault::block_twice, fdt_at,
         [](Image &i) { i.chunk(chunk1_at).next = chunk0_at; }},
        {"256 elements", Fault::chunk_count, chunk1_at, [](Image &i) { i.chunk(chunk1_at).num_elms = 256; }},
        {"2^32 - 1 elements", Fault::chunk_count, chunk1_at,
         [](Image &i) { i.chunk(chunk1_at).num_elms = ~std::uint32_t{0}; }},
        {"order 21", Fault::chunk_order, chunk1_at, [](Image &i) { i.chunk(chunk1_at).order = 21; }},
        {"order 64", Fault::chunk_order, chunk1_at, [](Image &i) { i.chunk(chunk1_at).order = 64; }},
        {"bitmap at 0", Fault::bitmap_address, 0, [](Image &i) { i.chunk(chunk1_at).bitmaps[0].bitmap = 0; }},
        {"bitmap unaligned", Fault::bitmap_address, bitmap1_at + 1,
         [](Image &i) { i.chunk(chunk1_at).bitmaps[0].bitmap++; }},
        {"bitmap outside of RAM", Fault::bitmap_address, nowhere,
         [](Image &i) { i.chunk(chunk1_at).bitmaps[0].bitmap = nowhere; }},
        {"misaligned start", Fault::block_misaligned, 0x1000,
         [](Image &i) { i.chunk(chunk1_at).bitmaps[0].phys_start = 0x1000; }},
        {"a start so high that blocks would wrap", Fault::block_misaligned, ~std::uint64_t{0x7fff},
         [](Image &i) { i.chunk(chunk1_at).bitmaps[0].phys_start = ~std::uint64_t{0x7fff}; }},
        {"a block outside of RAM", Fault::block_outside_ram, 0x4000000,
         [](Image &i) { i.set(bitmap0_at, Machine::default_size >> 12); }},
        {"a block in scratch", Fault::block_in_scratch, Machine::scratch_start,
         [](Image &i) { i.set(bitmap0_at, Machine::scratch_start >> 12); }},
        {"a page inside a larger block", Fault::block_twice, data_at + 0x8000,
         [](Image &i) { i.set(bitmap0_at, (data_at + 0xa000) >> 12); }},
        {"an empty bitmap for two chunks", Fault::metadata_shared, data_at,
         [](Image &i) {
             i.chunk(chunk0_at).num_elms = 2;
             i.chunk(chunk0_at).bitmaps[1] = {0x8000000, data_at};
             i.chunk(chunk1_at).num_elms = 2;
             i.chunk(chunk1_at).bitmaps[1] = {0x8000000, data_at};
         }},
        {"an empty bitmap that is not preserved, twice", Fault::metadata_shared, data_at + 0x1000,
         [](Image &i) {
             i.chunk(chunk0_at).num_elms = 3;
             i.chunk(chunk0_at).bitmaps[1] = i.chunk(chunk0_at).bitmaps[2] = {0x8000000, data_at + 0x1000};
         }},
        {"a bitmap that is a chunk", Fault::metadata_shared, chunk1_at,
         [](Image &i) {
             i.m.as<std::uint64_t>(chunk1_at) = 0;
             std::memset(i.m.at(PhysAddr{chunk1_at}), 0, kho::page_size);
             i.chunk(chunk0_at).num_elms = 2;
             i.chunk(chunk0_at).bitmaps[1] = {0x8000000, chunk1_at};
         }},
        {"the scratch array in the FDT", Fault::metadata_shared, fdt_at,
         [](Image &i) {
             i.m.as<kho_scratch>(fdt_at + 0xf00) = i.scratch(0);
             i.data.scratch_addr = fdt_at + 0xf00;
             i.data.scratch_size = sizeof(kho_scratch);
         }},
        {"a subtree in a chunk", Fault::metadata_shared, chunk0_at,
         [](Image &i) {
             i.write_fdt([](void *f) {
                 const std::uint64_t at = chunk0_at;
                 fdt_begin_node(f, "other");
                 fdt_property(f, "fdt", &at, 8);
                 fdt_end_node(f);
             });
         }},
        {"a subtree in scratch", Fault::subtree_property, Machine::scratch_start,
         [](Image &i) {
             i.write_fdt([](void *f) {
                 const std::uint64_t at = Machine::scratch_start;
                 fdt_begin_node(f, "other");
                 fdt_property(f, "fdt", &at, 8);
                 fdt_end_node(f);
             });
         }},
        {"the FDT in scratch", Fault::kho_fdt_address, Machine::scratch_start,
         [](Image &i) {
             std::memcpy(i.m.at(PhysAddr{Machine::scratch_start}), i.m.at(PhysAddr{fdt_at}), kho::page_size);
             i.data.fdt_addr = Machine::scratch_start;
         }},
        {"a chunk in scratch", Fault::chunk_address, Machine::scratch_start,
         [](Image &i) { i.chunk(chunk0_at).next = Machine::scratch_start; }},
        {"a chunk in what the reader took", Fault::chunk_address, Machine::mib,
         [](Image &i) { i.chunk(chunk0_at).next = Machine::mib; }},
        {"a bitmap in scratch", Fault::bitmap_address, Machine::scratch_start,
         [](Image &i) { i.chunk(chunk1_at).bitmaps[0].bitmap = Machine::scratch_start; }},
        {"a bitmap in what the reader took", Fault::bitmap_address, 2 * Machine::mib,
         [](Image &i) { i.chunk(chunk1_at).bitmaps[0].bitmap = 2 * Machine::mib; }},
        {"the same bitmap twice", Fault::block_twice, fdt_at,
         [](Image &i) {
             i.chunk(chunk0_at).num_elms = 2;
             i.chunk(chunk0_at).bitmaps[1] = i.chunk(chunk0_at).bitmaps[0];
         }},
    };
    for (const Case &c : cases) {
        Image image;
        c.damage(image);
        EXPECT_EQ(image.read(), c.fault) << c.what;
        EXPECT_EQ(image.place.address, c.address) << c.what;
    }
}

TEST(IncomingHandover, TooManyChildrenAreRefused) {
    Image image;
    image.write_fdt([](void *f) {
        for (int i = 0; i < 40; i++) {
            fdt_begin_node(f, ("n" + std::to_string(i)).c_str());
            fdt_property(f, "fdt", &luo_at, 8);
            fdt_end_node(f);
        }
    });
    EXPECT_EQ(image.read(), Fault::subtree_too_many);
}

TEST(IncomingHandover, ALongNameOfAChildIsCutNotOverrun) {
    Image image;
    image.write_fdt([](void *f) {
        fdt_begin_node(f, std::string(300, 'n').c_str());
        fdt_property(f, "fdt", &luo_at, 8);
        fdt_end_node(f);
    });
    ASSERT_EQ(image.read(), Fault::none);
    EXPECT_EQ(std::strlen(image.handover.subtrees()[1].name), 47u);
    EXPECT_EQ(image.handover.subtree(std::string(47, 'n')), nullptr) << "that is not its name";
}

TEST(IncomingHandover, LongNamesAreComparedWhole) {
    const auto children = [](const std::string &first, const std::string &second) {
        Image image;
        image.write_fdt([&](void *f) {
            std::uint64_t at = data_at;
            for (const std::string &child : {first, second}) {
                fdt_begin_node(f, child.c_str());
                fdt_property(f, "fdt", &at, 8);
                fdt_end_node(f);
                at = data_at + 0x3000;
            }
        });
        return image.read();
    };
    const std::string longer(60, 'n');
    EXPECT_EQ(children(longer, longer), Fault::subtree_twice);
    EXPECT_EQ(children(longer, longer + "n"), Fault::none);
    EXPECT_EQ(children("n", "n@1"), Fault::none);
}

// The list leaves chunk 1 out, as Linux 6.19 does. Others would get its page, and the walk that gives the
// metadata back would follow what they wrote.
TEST(IncomingHandover, APageOfTheListIsNobodyElsesUntilItIsReleased) {
    Image image;
    image.m.as<std::uint8_t>(bitmap0_at + (chunk1_at >> 12) / 8) &=
        static_cast<std::uint8_t>(~(1 << (chunk1_at >> 12) % 8));
    ASSERT_EQ(image.read(), Fault::none);
    while (const Result<PhysAddr> page = image.m.pages.allocate(0)) {
        ASSERT_NE(kho::value(*page), chunk1_at);
        std::memset(image.m.at(*page), 0xff, kho::page_size);
    }
    EXPECT_EQ(image.handover.release_metadata(image.m.pages), 6u);
}

// A chunk that was overwritten all the same is not followed beyond its end.
TEST(IncomingHandover, AnOverwrittenChunkIsNotFollowed) {
    Image image;
    ASSERT_EQ(image.read(), Fault::none);
    std::memset(image.m.at(PhysAddr{chunk0_at}), 0xff, kho::page_size);
    EXPECT_EQ(image.handover.release_metadata(image.m.pages), 0u);
}

TEST(IncomingHandover, MetadataInsideALargerBlockIsPreservedAndReleasedOnce) {
    Image image;
    // One block of eight pages instead of the eight single ones from 16 MiB on.
    std::memset(image.m.at(PhysAddr{bitmap0_at}), 0, kho::page_size);
    image.set(bitmap0_at, data_at >> 12);
    image.set(bitmap1_at, fdt_at >> 15);
    ASSERT_EQ(image.read(), Fault::none);
    EXPECT_EQ(image.handover.unpreserved_metadata(), 0u);
    EXPECT_EQ(image.m.pages.claim(PhysAddr{fdt_at}), Errno::ebusy);
    EXPECT_EQ(image.handover.release_metadata(image.m.pages), 8u);
    EXPECT_TRUE(image.m.pages.is_free(PhysAddr{bitmap1_at}));
}

TEST(IncomingHandover, EveryPageOfTheScratchArrayIsMetadata) {
    Image image;
    constexpr std::uint64_t array = data_at + 0x20ff0;  // across two pages
    image.set(bitmap0_at, (data_at + 0x20000) >> 12);
    image.m.as<kho_scratch>(array) = image.scratch(0);
    image.m.as<kho_scratch>(array + 16) = image.scratch(1);
    image.data.scratch_addr = array;
    ASSERT_EQ(image.read(), Fault::none);
    EXPECT_EQ(image.handover.unpreserved_metadata(), 1u);
    EXPECT_EQ(kho::value(image.handover.first_unpreserved_metadata()), data_at + 0x21000);
}

TEST(IncomingHandover, NothingElseCanHaveAPageOfTheMetadata) {
    Image image;
    image.write_fdt([](void *f) {
        const std::uint64_t at = data_at + 0x3000;
        fdt_begin_node(f, "memblock");
        fdt_property(f, "fdt", &at, 8);
        fdt_end_node(f);
    });
    ASSERT_EQ(image.read(), Fault::none);
    for (const std::uint64_t at :
         {fdt_at, scratch_at, chunk0_at, bitmap0_at, chunk1_at, bitmap1_at, data_at + 0x3000})
        EXPECT_EQ(image.m.pages.claim(PhysAddr{at}), Errno::ebusy) << std::hex << at;
    EXPECT_EQ(image.m.pages.claim(PhysAddr{luo_at}), Errno::ok) << "its reader claims it";
}

TEST(IncomingHandover, NothingOfItIsReadFromAHoleInRam) {
    // A hole from 20 MiB to 24 MiB: the map leaves it out, or says that something else is there.
    constexpr std::uint64_t hole = 20 << 20, hole_size = 4 << 20;
    for (const bool listed : {false, true})
        for (const bool scratch : {false, true}) {
            Image image;
            MemoryRange map[] = {{0, hole, 1, 0},
                                 {hole + hole_size, Machine::default_size - hole - hole_size, 1, 0},
                                 {hole, listed ? hole_size : 0, 2, 0}};
            image.layout.map = map;
            std::memcpy(image.m.at(PhysAddr{hole}), image.m.at(PhysAddr{scratch ? scratch_at : fdt_at}),
                        kho::page_size);
            (scratch ? image.data.scratch_addr : image.data.fdt_addr) = hole;
            EXPECT_EQ(image.read(), scratch ? Fault::scratch_address : Fault::kho_fdt_address);
            EXPECT_EQ(image.place.address, hole);
        }
}

TEST(IncomingHandover, ScratchMayReachOverNeighbouringRanges) {
    Image image;
    MemoryRange split[] = {
        {0, Machine::scratch_start + 0x1000, 1, 0},
        {Machine::scratch_start + 0x1000, Machine::default_size - Machine::scratch_start - 0x1000, 1, 0}};
    image.layout.map = split;
    EXPECT_EQ(image.read(), Fault::none);
    split[1].type = 2;
    EXPECT_EQ(image.read(), Fault::scratch_area);
}

// Any single flipped bit of FDT, scratch array and chunks is either refused or changes what is preserved; it
// never reads outside of memory (the sanitizers watch) and never loops.
TEST(IncomingHandover, NoFlippedBitMakesTheReaderMisbehave) {
    for (const std::uint64_t page : {fdt_at, scratch_at, chunk0_at, chunk1_at})
        for (unsigned bit = 0; bit < 320 * 8; bit++) {
            Image image;
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
