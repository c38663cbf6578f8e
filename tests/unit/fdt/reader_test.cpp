// SPDX-License-Identifier: GPL-2.0-or-later
// What readers make of sound handovers of each generation, and of what is odd but legal.
#include "fdt/handlers/memfd.h"
#include "tests/unit/fdt/kernel_image.h"

namespace kho {
namespace {

using Image = KernelImage;

std::string messages(const Findings &findings) {
    std::string text;
    for (const Finding &finding : findings.list()) text += finding.message() + "\n";
    return text;
}

class Reader : public testing::TestWithParam<Producer> {};

TEST_P(Reader, TakesAllThatAKernelWrites) {
    const Image image(GetParam());
    Findings findings;
    const Handover handover = image.read(findings);
    EXPECT_EQ(messages(findings), "");

    const bool radix = image.radix(), blocks = image.blocks();
    EXPECT_EQ(compatible(handover.format), !radix ? "kho-v1" : blocks ? "kho-v4" : "kho-v3");
    EXPECT_EQ(handover.scratch.size(), 3u);
    EXPECT_EQ(handover.memory_map, Image::map);
    EXPECT_EQ(handover.subtrees.size(), radix ? 4u : 3u);

    ASSERT_TRUE(handover.luo.has_value());
    const Luo &luo = *handover.luo;
    EXPECT_EQ(compatible(luo.format), blocks ? "luo-v5" : "luo-v1");
    EXPECT_EQ(luo.liveupdate_number, 7u);
    ASSERT_EQ(luo.sessions.size(), 3u);
    EXPECT_EQ(luo.sessions[0].name, "vm-1");
    EXPECT_EQ(luo.sessions[1].name, "vm-2");
    EXPECT_EQ(luo.sessions[2].name, "empty");
    ASSERT_EQ(luo.sessions[0].files.size(), 2u);
    EXPECT_EQ(luo.sessions[1].files.size(), 1u);
    EXPECT_TRUE(luo.sessions[2].files.empty());
    const LuoFile &file = luo.sessions[0].files[0];
    EXPECT_EQ(file.token, 1u);
    EXPECT_EQ(file.compatible, radix ? "memfd-v2" : "memfd-v1");
    ASSERT_TRUE(memfd_of(file));
    EXPECT_EQ(memfd_of(file)->size, 0x3ff801u);
    EXPECT_EQ(memfd_of(file)->pos, 5u);
    EXPECT_EQ(memfd_of(file)->seals, radix ? 0x3fu : 0u);
    EXPECT_EQ(memfd_of(file)->folios,
              (std::vector<MemfdFolio>{{Image::small_folio, 0, 3, 0}, {Image::large_folio, 512, 3, 9}}));
    EXPECT_EQ(holes(*memfd_of(file)), (std::vector<FileRange>{{page_size, 511 * page_size}}));
    ASSERT_TRUE(memfd_of(luo.sessions[0].files[1]));
    EXPECT_TRUE(holes(*memfd_of(luo.sessions[0].files[1])).empty());
    ASSERT_TRUE(memfd_of(luo.sessions[1].files[0]));
    EXPECT_EQ(holes(*memfd_of(luo.sessions[1].files[0])), (std::vector<FileRange>{{0, page_size}}));

    EXPECT_EQ(luo.flbs.has_value(), image.generation >= Producer::v7_0);
    if (luo.flbs) {
        EXPECT_EQ(*luo.flbs, (std::vector<LuoFlb>{{"test-flb-v1", 0x1234, 2}}));
    }
    ASSERT_TRUE(handover.memblock.has_value());
    EXPECT_EQ(*handover.memblock,
              (std::vector<MemblockReservation>{{"buffer", {Image::reservation, 6 * page_size}}}));
    EXPECT_EQ(handover.kexec_metadata.has_value(), radix);
    if (handover.kexec_metadata) {
        EXPECT_EQ(*handover.kexec_metadata, (KexecMetadata{1, "7.1.13-test", 3}));
    }
    ASSERT_TRUE(handover.kho_test.has_value());
    EXPECT_EQ(handover.kho_test->csum, 0xabcdu);
    EXPECT_EQ(handover.kho_test->folios,
              (std::vector<KhoTestFolio>{{Image::test_folios[0], 0}, {Image::test_folios[1], 4}}));
}

TEST_P(Reader, SaysWhatEachPageIsUsedFor) {
    const Image image(GetParam());
    Findings findings;
    const Handover handover = image.read(findings);
    RangeSet used;
    for (const Use &use : handover.uses) {
        EXPECT_FALSE(used.overlaps(use.range)) << path_of(handover, use);
        used.add(use.range);
    }
    // All that is preserved has a use, but for the spare page.
    RangeSet unused = preserved_ranges(handover.preserved).minus(used);
    EXPECT_EQ(unused, RangeSet({{Image::spare, page_size}}));
    const auto path_at = [&](PhysAddr at) {
        for (const Use &use : handover.uses)
            if (use.range.contains({at, 1}))
                return std::string(name(use.kind)) + " " + path_of(handover, use);
        return std::string();
    };
    EXPECT_EQ(path_at(Image::large_folio + 5 * page_size),
              "memfd-folios /LUO/sessions/0 \"vm-1\"/files/0/folios");
    EXPECT_EQ(path_at(Image::memfd(2)), "memfd /LUO/sessions/1 \"vm-2\"/files/0/memfd");
    EXPECT_EQ(path_at(Image::reservation), "memblock-reservation /memblock/buffer");
    EXPECT_EQ(path_at(Image::map), "map-node /preserved-memory-map");
}

TEST_P(Reader, TakesWhatIsOddButLegal) {
    const struct {
        const char *name;
        std::function<void(Image &)> change;
    } cases[] = {
        {"a bitmap or leaf of zeroes",
         [](Image &image) {
             image.preserve(PhysAddr{0x40000000}, 5);
             image.memory.put(image.leaf_of(5), std::array<std::byte, page_size>{});
         }},
        {"an empty vmalloc chunk behind a full one, or behind any",
         [](Image &image) { image.put_u64(Image::chunk, value(Image::spare)); }},
        {"folio entries with pfn 0",
         [](Image &image) {
             image.put_u64(image.folio(0), 0);
             image.put_u64(image.folio(1), std::uint64_t{3} << 52);
         }},
        {"no session at all",
         [](Image &image) {
             if (image.blocks())
                 image.put_u64(Image::luo + 16, 0);
             else
                 image.put_u64(Image::session_array, 0);
         }},
        {"clean folios",
         [](Image &image) { image.put_u64(image.folio(0), value(Image::small_folio) >> page_shift); }},
        {"folios in any order",
         [](Image &image) {
             const auto first = image.memory.load<abi::memfd_luo_folio_ser>(image.folio(0)).value();
             const auto second = image.memory.load<abi::memfd_luo_folio_ser>(image.folio(1)).value();
             image.memory.put(image.folio(0), second);
             image.memory.put(image.folio(1), first);
         }},
        {"a position behind the end",
         [](Image &image) { image.put_u64(Image::memfd(1), 0x7fffffffffffffff); }},
        {"a token that another session has too",
         [](Image &image) { image.put_u64(image.file(1, 0) + 56, 2); }},
        {"a token of 2^64 - 1", [](Image &image) { image.put_u64(image.file(1, 0) + 56, UINT64_MAX); }},
        {"a name of 63 bytes",
         [](Image &image) {
             image.change<abi::luo_session_ser>(image.session(0),
                                                [](auto &entry) { std::memset(entry.name, 'n', 63); });
         }},
        {"more preserved than anybody uses", [](Image &image) { image.preserve(PhysAddr{0x80000000}, 18); }},
    };
    for (const auto &c : cases) {
        Image image(GetParam());
        c.change(image);
        Findings findings;
        const Handover handover = image.read(findings);
        EXPECT_EQ(messages(findings), "") << c.name;
        EXPECT_TRUE(handover.luo.has_value()) << c.name;
        EXPECT_TRUE(succeeds(read_handover(image.memory, image.data))) << c.name;
    }
}

TEST_P(Reader, SaysNothingAboutScratchThatNobodyKnows) {
    Image image(GetParam());
    image.data.scratch_addr = 0;
    image.data.scratch_size = 0;
    Findings findings;
    image.read(findings, {.scratch_known = false});
    EXPECT_EQ(messages(findings), "");
}

TEST_P(Reader, MissesPreservedMemoryInRamIfItKnowsTheRam) {
    const Image image(GetParam());
    const RangeSet enough({{PhysAddr{0x1000000}, 0x4000000}});
    Findings findings;
    image.read(findings, {.ram = &enough});
    EXPECT_EQ(messages(findings), "");
    const RangeSet little({{PhysAddr{0x1000000}, value(Image::test_folios[1]) - 0x1000000 + page_size}});
    image.read(findings, {.ram = &little});
    ASSERT_EQ(findings.list().size(), 1u);
    EXPECT_EQ(findings.list()[0].check, Check::block_outside_ram);
    EXPECT_EQ(findings.list()[0].address, value(Image::test_folios[1]) + page_size);
}

INSTANTIATE_TEST_SUITE_P(EachGeneration, Reader, testing::ValuesIn(all_producers),
                         [](const auto &which) { return "v" + std::to_string(which.index); });

}  // namespace
}  // namespace kho
