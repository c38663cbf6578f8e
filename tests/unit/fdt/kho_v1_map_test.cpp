// SPDX-License-Identifier: GPL-2.0-or-later
// The chunk list, written and read back, and made by hand where the writer cannot make it.
#include <functional>
#include <random>

#include "fdt/formats/releases.h"
#include "fdt/read/reader.h"
#include "fdt/write/internal/map.h"
#include "tests/unit/fdt/expect.h"
#include "tests/unit/fdt/random_blocks.h"
#include "tests/unit/test_memory.h"

namespace kho {
namespace {

constexpr PhysAddr map_at{0x10000000};

// Strictly.
Result<std::vector<PreservedBlocks>> read_map(const Memory &memory, PhysAddr at) {
    Findings findings;
    auto blocks = read_preserved_map(memory, kho_v1, at, findings);
    if (const Finding *error = findings.first_error())
        return error->error();
    return blocks;
}

std::vector<std::byte> write_map(std::span<const PreservedBlocks> blocks) {
    std::vector<std::byte> pages(map_pages(kho_v1, blocks) * page_size, std::byte{0xa5});
    EXPECT_TRUE(succeeds(write_map(kho_v1, blocks, map_at, pages)));
    return pages;
}

Result<std::vector<PreservedBlocks>> write_and_read(std::span<const PreservedBlocks> blocks) {
    TestMemory memory;
    memory.put(map_at, std::span<const std::byte>(write_map(blocks)));
    return read_map(memory, map_at);
}

TEST(KhoV1MapWriter, LaysOutChunksAndBitmapsAsTheKernelReadsThem) {
    // Two blocks of order 0 in one window, one of order 3 in the window of 1 GiB that starts at 0x40000000.
    const PreservedBlocks blocks[] = {{PhysAddr{0x3000}, 0, 2}, {PhysAddr{0x40008000}, 3, 1}};
    const std::vector<std::byte> pages = write_map(blocks);
    ASSERT_EQ(pages.size(), 4 * page_size);
    TestMemory memory;
    memory.put(map_at, std::span(pages));

    const auto first = memory.load<abi::mem_chunk>(map_at).value();
    EXPECT_EQ(first.next, 0x10002000u);
    EXPECT_EQ(first.order, 0u);
    ASSERT_EQ(first.num_elms, 1u);
    EXPECT_EQ(first.bitmaps[0].phys_start, 0u);
    EXPECT_EQ(first.bitmaps[0].bitmap, 0x10001000u);
    EXPECT_EQ(first.bitmaps[1].bitmap, 0u);
    EXPECT_EQ(memory.load<std::uint64_t>(PhysAddr{0x10001000}).value(), 0x18u);

    const auto second = memory.load<abi::mem_chunk>(PhysAddr{0x10002000}).value();
    EXPECT_EQ(second.next, 0u);
    EXPECT_EQ(second.order, 3u);
    ASSERT_EQ(second.num_elms, 1u);
    EXPECT_EQ(second.bitmaps[0].phys_start, 0x40000000u);
    EXPECT_EQ(second.bitmaps[0].bitmap, 0x10003000u);
    EXPECT_EQ(memory.load<std::uint64_t>(PhysAddr{0x10003000}).value(), 0x2u);
}

TEST(KhoV1MapWriter, NothingPreservedIsStillAMap) {
    EXPECT_EQ(map_pages(kho_v1, {}), 1u);
    const auto read = write_and_read({});
    ASSERT_TRUE(succeeds(read));
    EXPECT_TRUE(read.value().empty());
}

TEST(KhoV1MapWriter, StartsANewChunkAfter255Bitmaps) {
    std::vector<PreservedBlocks> blocks;
    for (std::uint64_t i = 0; i < 256; i++)
        blocks.push_back({PhysAddr{i * abi::bitmap_bits * page_size + page_size}, 0, 1});
    EXPECT_EQ(map_pages(kho_v1, std::span(blocks).first(255)), 1 + 255u);
    EXPECT_EQ(map_pages(kho_v1, blocks), 2 + 256u);
    const auto read = write_and_read(blocks);
    ASSERT_TRUE(succeeds(read));
    EXPECT_EQ(read.value(), blocks);
}

TEST(KhoV1MapWriter, ARunGoesAcrossWordsAndWindows) {
    const PreservedBlocks blocks[] = {{PhysAddr{63 * page_size}, 0, 3 * abi::bitmap_bits + 2}};
    EXPECT_EQ(map_pages(kho_v1, blocks), 1 + 4u);
    const auto read = write_and_read(blocks);
    ASSERT_TRUE(succeeds(read));
    EXPECT_EQ(read.value(), (std::vector{blocks[0]}));
}

TEST(KhoV1MapWriter, JoinsNeighboursOfOneOrderOnly) {
    const PreservedBlocks blocks[] = {{PhysAddr{0x5000}, 0, 1},
                                      {PhysAddr{0x4000}, 0, 1},
                                      {PhysAddr{0x6000}, 1, 1},
                                      {PhysAddr{0x8000}, 0, 2}};
    const auto read = write_and_read(blocks);
    ASSERT_TRUE(succeeds(read));
    EXPECT_EQ(read.value(),
              (std::vector<PreservedBlocks>{
                  {PhysAddr{0x4000}, 0, 2}, {PhysAddr{0x8000}, 0, 2}, {PhysAddr{0x6000}, 1, 1}}));
}

TEST(KhoV1MapWriter, RefusesBlocksThatTheFormatCannotSay) {
    const struct {
        const char *name;
        PreservedBlocks block;
        Errc code;
    } cases[] = {
        {"order too large", {PhysAddr{0}, max_block_order + 1, 1}, Errc::block_order},
        {"absurd order", {PhysAddr{0}, 0xffffffff, 1}, Errc::block_order},
        {"unaligned to a page", {PhysAddr{0x1001}, 0, 1}, Errc::block_address},
        {"unaligned to its order", {PhysAddr{0x1000}, 1, 1}, Errc::block_address},
        {"no blocks", {PhysAddr{0x1000}, 0, 0}, Errc::block_address},
        {"wraps", {PhysAddr{~std::uint64_t{0xfff}}, 0, 2}, Errc::block_address},
        {"ends at 2^64", {PhysAddr{~std::uint64_t{0xfff}}, 0, 1}, Errc::block_address},
    };
    for (const auto &c : cases) {
        const PreservedBlocks blocks[] = {{PhysAddr{0x10000}, 0, 1}, c.block};
        std::vector<std::byte> pages(map_pages(kho_v1, blocks) * page_size);
        EXPECT_TRUE(fails(write_map(kho_v1, blocks, map_at, pages), c.code, value(c.block.address), 1))
            << c.name;
    }
}

TEST(KhoV1Map, WhatIsWrittenIsReadBack) {
    for (std::uint64_t seed = 1; seed <= 200; seed++) {
        std::mt19937_64 random(seed);
        std::vector<PreservedBlocks> blocks = random_blocks(random, PhysAddr{0x100000000}, random() % 60);
        const std::vector<PreservedBlocks> expected = joined(blocks);
        std::ranges::shuffle(blocks, random);
        const auto read = write_and_read(blocks);
        ASSERT_TRUE(succeeds(read)) << "seed " << seed;
        ASSERT_EQ(read.value(), expected) << "seed " << seed;
    }
}

TEST(KhoV1Map, AMillionScatteredPagesAreReadBack) {
    std::vector<PreservedBlocks> blocks;
    for (std::uint64_t i = 0; i < 1000000; i++)
        blocks.push_back({PhysAddr{0x100000000 + i * 2 * page_size}, 0, 1});
    std::mt19937_64 random(1);
    std::vector<PreservedBlocks> shuffled = blocks;
    std::ranges::shuffle(shuffled, random);
    const auto read = write_and_read(shuffled);
    ASSERT_TRUE(succeeds(read));
    EXPECT_TRUE(read.value() == blocks);
}

//  map_at                    map_at + 0x1000            second_at
//  chunk order 0 ──bitmap──> bits 3 and 4               chunk order 3 ──bitmap──> + 0x1000: bit 1
//    └──────────────────────────next──────────────────────^
class KhoV1MapReader : public testing::Test {
protected:
    static constexpr PhysAddr second_at{0x10002000};

    KhoV1MapReader() {
        const PreservedBlocks blocks[] = {{PhysAddr{0x3000}, 0, 2}, {PhysAddr{0x40008000}, 3, 1}};
        memory.put(map_at, std::span<const std::byte>(write_map(blocks)));
    }

    void change(PhysAddr at, const std::function<void(abi::mem_chunk &)> &how) {
        auto chunk = memory.load<abi::mem_chunk>(at).value();
        how(chunk);
        memory.put(at, chunk);
    }
    Result<std::vector<PreservedBlocks>> read() { return read_map(memory, map_at); }

    TestMemory memory;
};

TEST_F(KhoV1MapReader, AcceptsTheMapThatTheCasesBelowBreak) { EXPECT_TRUE(succeeds(read())); }

TEST_F(KhoV1MapReader, AcceptsABitmapOfZeroes) {
    memory.put(PhysAddr{0x10001000}, std::uint64_t{0});
    const auto blocks = read();
    ASSERT_TRUE(succeeds(blocks));
    EXPECT_EQ(blocks.value(), (std::vector<PreservedBlocks>{{PhysAddr{0x40008000}, 3, 1}}));
}

TEST_F(KhoV1MapReader, RejectsAnAddressThatIsNoChunk) {
    EXPECT_TRUE(fails_check(read_map(memory, PhysAddr{0}), "map-address", 0));
    EXPECT_TRUE(fails_check(read_map(memory, PhysAddr{0x10000008}), "map-address", 0x10000008));
    EXPECT_TRUE(fails_check(read_map(memory, PhysAddr{0x777000}), "map-address", 0x777000));
}

TEST_F(KhoV1MapReader, RejectsChunksThatLie) {
    const struct {
        const char *name;
        PhysAddr chunk;
        std::function<void(abi::mem_chunk &)> change;
        const char *check;
        std::uint64_t address;
        std::uint64_t index;
    } cases[] = {
        {"next is the chunk itself", map_at, [](auto &c) { c.next = value(map_at); }, "chunk-twice",
         value(map_at), 0},
        {"next goes back", second_at, [](auto &c) { c.next = value(map_at); }, "chunk-twice", value(map_at),
         0},
        {"next is a bitmap", second_at, [](auto &c) { c.next = 0x10001000; }, "chunk-twice", 0x10001000, 0},
        {"next is unaligned", map_at, [](auto &c) { c.next += 8; }, "chunk-address", value(map_at), 0},
        {"next is nowhere", second_at, [](auto &c) { c.next = 0x55000; }, "chunk-address", value(second_at),
         0},
        {"256 elements", second_at, [](auto &c) { c.num_elms = 256; }, "chunk-elements", value(second_at), 0},
        {"2^32 - 1 elements", map_at, [](auto &c) { c.num_elms = ~0u; }, "chunk-elements", value(map_at), 0},
        {"order 21", second_at, [](auto &c) { c.order = 21; }, "chunk-order", value(second_at), 0},
        {"order 2^32 - 1", map_at, [](auto &c) { c.order = ~0u; }, "chunk-order", value(map_at), 0},
        {"phys_start within a window", second_at, [](auto &c) { c.bitmaps[0].phys_start += 0x8000; },
         "bitmap-window", value(second_at), 0},
        {"phys_start in the last window", map_at,
         [](auto &c) { c.bitmaps[0].phys_start = 0 - abi::bitmap_bits * page_size; }, "bitmap-window",
         value(map_at), 0},
        {"no bitmap", map_at, [](auto &c) { c.num_elms = 2; }, "bitmap-address", value(map_at), 1},
        {"bitmap unaligned", map_at, [](auto &c) { c.bitmaps[0].bitmap += 8; }, "bitmap-address",
         value(map_at), 0},
        {"bitmap nowhere", map_at, [](auto &c) { c.bitmaps[0].bitmap = 0x66000; }, "bitmap-address",
         value(map_at), 0},
        {"bitmap of another chunk", second_at, [](auto &c) { c.bitmaps[0].bitmap = 0x10001000; },
         "bitmap-twice", value(second_at), 0},
        {"bitmap is a chunk", map_at, [](auto &c) { c.bitmaps[0].bitmap = value(map_at); }, "bitmap-twice",
         value(map_at), 0},
        // Order 3, block 1 at 0x8000 and order 0, blocks 3 and 4: no overlap until phys_start is 0 and the
        // order 1: block 1 is then 0x2000 to 0x3fff.
        {"a page in two orders", second_at,
         [](auto &c) {
             c.order = 1;
             c.bitmaps[0].phys_start = 0;
         },
         "block-overlap", 0x3000, 0},
    };
    for (const auto &c : cases) {
        const auto original = memory.load<abi::mem_chunk>(c.chunk).value();
        change(c.chunk, c.change);
        EXPECT_TRUE(fails_check(read(), c.check, c.address, c.index)) << c.name;
        memory.put(c.chunk, original);
    }
}

TEST_F(KhoV1MapReader, RejectsOneWindowTwice) {
    change(map_at, [](abi::mem_chunk &c) {
        c.num_elms = 2;
        c.bitmaps[1] = {.phys_start = 0, .bitmap = 0x10005000};
    });
    memory.put(PhysAddr{0x10005000}, std::uint64_t{0x10});
    EXPECT_TRUE(fails_check(read(), "block-overlap", 0x4000));
}

TEST_F(KhoV1MapReader, SplitsARunOfMoreBlocksThanACountHolds) {
    // 2^32 pages need 2^17 bitmaps of ones: 515 chunks. A source that makes pages up keeps this small.
    class Ones final : public Memory {
    public:
        Outcome read(PhysAddr from, std::span<std::byte> out) const override {
            constexpr std::uint64_t chunks = 515;
            const std::uint64_t page = value(from) / page_size - 1;
            if (page >= chunks) {
                std::ranges::fill(out, std::byte{0xff});
                return success();
            }
            abi::mem_chunk chunk{.next = page + 1 < chunks ? value(from) + page_size : 0,
                                 .order = 0,
                                 .num_elms = 255,
                                 .bitmaps = {}};
            for (std::uint64_t i = 0; i < 255; i++)
                chunk.bitmaps[i] = {.phys_start = (page * 255 + i) * abi::bitmap_bits * page_size,
                                    .bitmap = (chunks + 1 + page * 255 + i) * page_size};
            std::memcpy(out.data(), &chunk, out.size());
            return success();
        }
    };
    const auto blocks = read_map(Ones(), PhysAddr{page_size});
    ASSERT_TRUE(succeeds(blocks));
    ASSERT_EQ(blocks.value().size(), 2u);
    EXPECT_EQ(blocks.value()[0].count, 0xffffffffu);
    EXPECT_EQ(blocks.value()[1].address, blocks.value()[0].range().end());
    EXPECT_EQ(std::uint64_t{blocks.value()[0].count} + blocks.value()[1].count, abi::bitmap_bits * 515 * 255);
}

// Every second block preserved, in so many bitmaps that no machine comes near it.
TEST(KhoV1Map, OfMoreRunsThanAnyMachineHasEndsWithAFinding) {
    constexpr std::uint64_t runs_in_bitmap = abi::bitmap_bits / 2,
                            bitmaps = (std::uint64_t{1} << 24) / runs_in_bitmap + 1;
    constexpr PhysAddr first_chunk{0x1000}, first_bitmap{0x100000};
    TestMemory memory;
    std::vector<std::byte> every_second(page_size, std::byte{0x55});
    abi::mem_chunk chunk{};
    PhysAddr at = first_chunk;
    for (std::uint64_t i = 0; i < bitmaps; i++) {
        const PhysAddr bitmap = first_bitmap + i * page_size;
        memory.put(bitmap, std::span<const std::byte>(every_second));
        chunk.bitmaps[chunk.num_elms++] = {.phys_start = i * abi::bitmap_bits * page_size,
                                           .bitmap = value(bitmap)};
        if (chunk.num_elms < abi::bitmap_refs_per_chunk && i + 1 < bitmaps)
            continue;
        chunk.next = i + 1 < bitmaps ? value(at + page_size) : 0;
        memory.put(at, chunk);
        at = at + page_size;
        chunk = {};
    }
    Findings findings;
    static_cast<void>(read_preserved_map(memory, kho_v1, first_chunk, findings));
    ASSERT_EQ(findings.errors(), 1u);
    EXPECT_EQ(findings.list()[0].check, Check::map_size);
    EXPECT_EQ(findings.list()[0].index, (bitmaps - 1) % abi::bitmap_refs_per_chunk);
}

}  // namespace
}  // namespace kho
