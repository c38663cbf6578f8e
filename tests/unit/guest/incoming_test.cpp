// SPDX-License-Identifier: GPL-2.0-or-later
// The guest's reader of KHO FDT, scratch array and chunk list.
#include "tests/unit/guest/incoming_image.h"

namespace guest {
namespace {

TEST(IncomingHandover, ASoundHandoverIsReadAndItsMetadataGivenBack) {
    IncomingImage image;
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
    IncomingImage image;
    std::memset(image.m.at(PhysAddr{bitmap1_at}), 0, kho::page_size);
    EXPECT_EQ(image.read(), Fault::none);
    IncomingImage no_elements;
    no_elements.chunk(chunk1_at).num_elms = 0;
    EXPECT_EQ(no_elements.read(), Fault::none);
}

TEST(IncomingHandover, ALongNameOfAChildIsCutNotOverrun) {
    IncomingImage image;
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
        IncomingImage image;
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

TEST(IncomingHandover, NothingOfItIsReadFromAHoleInRam) {
    // A hole from 20 MiB to 24 MiB: the map leaves it out, or says that something else is there.
    constexpr std::uint64_t hole = 20 << 20, hole_size = 4 << 20;
    for (const bool listed : {false, true})
        for (const bool scratch : {false, true}) {
            IncomingImage image;
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
    IncomingImage image;
    MemoryRange split[] = {
        {0, Machine::scratch_start + 0x1000, 1, 0},
        {Machine::scratch_start + 0x1000, Machine::default_size - Machine::scratch_start - 0x1000, 1, 0}};
    image.layout.map = split;
    EXPECT_EQ(image.read(), Fault::none);
    split[1].type = 2;
    EXPECT_EQ(image.read(), Fault::scratch_area);
}

}  // namespace
}  // namespace guest
