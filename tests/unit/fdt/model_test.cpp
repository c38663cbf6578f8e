// SPDX-License-Identifier: GPL-2.0-or-later
// What readers, writers and views share: subtrees, preserved blocks, heads of FDTs, memory in pieces.
#include <functional>

#include "fdt/base/internal/fdt_page.h"
#include "fdt/base/internal/pieces.h"
#include "fdt/formats/releases.h"
#include "fdt/model/subtrees.h"
#include "fdt/write/writer.h"
#include "tests/unit/fdt/expect.h"

namespace kho {
namespace {

TEST(Subtrees, AreWrittenFromTheModelWhereTheTableSaysSo) {
    constexpr PhysAddr before{0x5000000};
    Handover content{.scratch = {{PhysAddr{0x1000000}, 0x1000000}}};
    for (const char *name : {"LUO", "memblock", "kexec-metadata", "kho_test", "other"})
        content.subtrees.push_back({.name = name, .address = before, .size = page_size});
    for (const Subtree &subtree : content.subtrees)
        EXPECT_FALSE(is_understood(content, subtree)) << subtree.name;
    content.luo.emplace();
    content.memblock.emplace();
    content.kexec_metadata.emplace();
    content.kho_test.emplace();
    const auto written =
        write_handover(content, *find_release("7.2"), RangeSet({{PhysAddr{0x4000000}, 0x100000}}));
    ASSERT_TRUE(succeeds(written));
    ASSERT_EQ(written.value().handover.subtrees.size(), content.subtrees.size());
    for (const Subtree &subtree : written.value().handover.subtrees) {
        EXPECT_EQ(is_understood(content, subtree), subtree.name != "other") << subtree.name;
        EXPECT_EQ(is_rewritten(content, subtree), subtree.address != before) << subtree.name;
    }
}

TEST(PreservedBlocks, WithoutRangesLoseEachBlockThatHasAPageInThem) {
    const PreservedBlocks blocks[] = {{PhysAddr{0x10000}, 1, 4}, {PhysAddr{0x20000}, 0, 2}};
    const auto without = [&](std::vector<Range> gone) {
        return blocks_without(blocks, RangeSet(std::move(gone)));
    };
    EXPECT_EQ(without({}), (std::vector<PreservedBlocks>{blocks[0], blocks[1]}));
    EXPECT_EQ(without({{PhysAddr{0x18000}, 0x8000}}), (std::vector<PreservedBlocks>{blocks[0], blocks[1]}));
    EXPECT_EQ(
        without({{PhysAddr{0x13000}, 0x1000}}),
        (std::vector<PreservedBlocks>{{PhysAddr{0x10000}, 1, 1}, {PhysAddr{0x14000}, 1, 2}, blocks[1]}));
    EXPECT_EQ(without({{PhysAddr{0xf000}, 0x2000}, {PhysAddr{0x17fff}, 0x8002}}),
              (std::vector<PreservedBlocks>{{PhysAddr{0x12000}, 1, 2}, {PhysAddr{0x21000}, 0, 1}}));
    EXPECT_TRUE(without({{PhysAddr{0}, 0x22000}}).empty());
}

TEST(FdtHead, IsReadFromAsManyBytesAsThereAre) {
    const auto head = [](std::string_view bytes) { return fdt_head(std::as_bytes(std::span(bytes))); };
    const std::string_view whole("\xd0\x0d\xfe\xed\0\0\x01\x02", 8);
    EXPECT_TRUE(head(whole).is_fdt());
    EXPECT_EQ(head(whole).total_size, 0x102u);
    EXPECT_TRUE(head(whole).has_header());
    EXPECT_TRUE(head(whole.substr(0, 4)).is_fdt());
    EXPECT_FALSE(head(whole.substr(0, 4)).has_header());
    EXPECT_FALSE(head(whole.substr(0, 3)).is_fdt());
    EXPECT_FALSE(head({}).is_fdt());
    EXPECT_FALSE(head(std::string_view("\xd0\x0d\xfe\xed\0\0\0\x27", 8)).has_header());
    // Too short for a header.
    EXPECT_EQ(fdt_total_size(std::as_bytes(std::span(whole))), std::nullopt);
}

TEST(MemoryInPieces, IsReadInsideAndBetweenThem) {
    const Range pieces[] = {{PhysAddr{0x100}, 0x10}, {PhysAddr{0x110}, 0x10}, {PhysAddr{0x130}, 0x10}};
    const auto read = [&](std::uint64_t from, std::uint64_t size) {
        std::string seen;
        std::vector<std::byte> out(size);
        const Outcome outcome = read_pieces(
            pieces, std::identity{}, PhysAddr{from}, out,
            [&](const Range &piece, std::uint64_t skip, std::span<std::byte> part) {
                seen += hex(value(piece.start)) + "+" + hex(skip) + ":" + hex(part.size()) + " ";
                return success();
            },
            [&](PhysAddr at, std::span<std::byte> part) -> Outcome {
                seen += "-" + hex(value(at)) + ":" + hex(part.size()) + " ";
                if (value(at) >= 0x140)
                    return Error{.code = Errc::outside_memory, .address = value(at), .what = "the end"};
                return success();
            });
        return seen + (outcome ? "" : "fails");
    };
    EXPECT_EQ(read(0x104, 4), "0x100+0x4:0x4 ");
    EXPECT_EQ(read(0x108, 0x10), "0x100+0x8:0x8 0x110+0x0:0x8 ");
    EXPECT_EQ(read(0x11f, 0x12), "0x110+0xf:0x1 -0x120:0x10 0x130+0x0:0x1 ");
    EXPECT_EQ(read(0xf0, 0x20), "-0xf0:0x10 0x100+0x0:0x10 ");
    EXPECT_EQ(read(0x138, 0x10), "0x130+0x8:0x8 -0x140:0x8 fails");
    EXPECT_EQ(read(0x100, 0), "");
}

}  // namespace
}  // namespace kho
