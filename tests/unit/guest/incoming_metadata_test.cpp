// SPDX-License-Identifier: GPL-2.0-or-later
// Pages that hold the handover itself: nothing else may have them, and each is given back once.
#include "tests/unit/guest/incoming_image.h"

namespace guest {
namespace {

TEST(IncomingHandover, MetadataThatTheListLeavesOutIsCounted) {
    IncomingImage image;
    image.m.as<std::uint8_t>(bitmap0_at + (chunk1_at >> 12) / 8) &=
        static_cast<std::uint8_t>(~(1 << (chunk1_at >> 12) % 8));
    ASSERT_EQ(image.read(), Fault::none);
    EXPECT_EQ(image.handover.unpreserved_metadata(), 1u);
    EXPECT_EQ(kho::value(image.handover.first_unpreserved_metadata()), chunk1_at);
    EXPECT_FALSE(image.m.pages.is_free(PhysAddr{chunk1_at})) << "kept until it is released";
    EXPECT_EQ(image.handover.release_metadata(image.m.pages), 6u);
}

// The list leaves chunk 1 out, as Linux 6.19 does. Others would get its page, and the walk that gives the
// metadata back would follow what they wrote.
TEST(IncomingHandover, APageOfTheListIsNobodyElsesUntilItIsReleased) {
    IncomingImage image;
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
    IncomingImage image;
    ASSERT_EQ(image.read(), Fault::none);
    std::memset(image.m.at(PhysAddr{chunk0_at}), 0xff, kho::page_size);
    EXPECT_EQ(image.handover.release_metadata(image.m.pages), 0u);
}

TEST(IncomingHandover, MetadataInsideALargerBlockIsPreservedAndReleasedOnce) {
    IncomingImage image;
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
    IncomingImage image;
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
    IncomingImage image;
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

}  // namespace
}  // namespace guest
