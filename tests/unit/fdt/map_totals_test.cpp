// SPDX-License-Identifier: GPL-2.0-or-later
// How much is preserved, without what: the same number as that of the runs.
#include <array>
#include <bit>
#include <random>

#include "fdt/codec/internal/count_bits.h"
#include "fdt/formats/releases.h"
#include "tests/unit/fdt/kernel_image.h"

namespace kho {
namespace {

TEST(CountBits, HasAWayThatEveryProcessorHas) {
    ASSERT_FALSE(bit_counters().empty());
    EXPECT_TRUE(bit_counters().back().supported);
}

using Page = std::array<std::uint64_t, PageWords::extent>;

void expect_count(const Page &page, std::uint64_t expected, const std::string &what) {
    EXPECT_EQ(count_bits(page), expected) << what;
    for (const BitCounter &counter : bit_counters()) {
        if (!counter.supported)
            continue;
        ASSERT_EQ(counter.count(page), expected) << counter.name << ", " << what;
    }
}

TEST(CountBits, IsTheSumOverAllWordsInEachWay) {
    std::mt19937_64 random(1);
    for (int round = 0; round < 20; round++)
        for (const int density : {0, 1, 2, 8}) {
            Page page;
            std::uint64_t expected = 0;
            for (std::uint64_t &word : page) {
                word = density == 0 ? UINT64_MAX : random();
                for (int i = 1; i < density; i++) word &= random();
                expected += static_cast<std::uint64_t>(std::popcount(word));
            }
            expect_count(page, expected, "density " + std::to_string(density));
        }
}

TEST(CountBits, CountsEachSingleBitOnceInEachWay) {
    Page page{};
    expect_count(page, 0, "no bit");
    for (std::size_t bit = 0; bit < page.size() * 64; bit++) {
        page[bit / 64] = std::uint64_t{1} << bit % 64;
        expect_count(page, 1, "bit " + std::to_string(bit));
        page[bit / 64] = 0;
    }
}

class MapTotalsOf : public testing::TestWithParam<Producer> {
protected:
    MapTotals totals(Findings &findings) const {
        return read_map_totals(image.memory, format(), KernelImage::map, findings);
    }
    const KhoFormat &format() const { return image.radix() ? kho_v4 : kho_v1; }
    KernelImage image{GetParam()};
};

TEST_P(MapTotalsOf, AreThoseOfTheRuns) {
    Findings findings;
    const MapTotals seen = totals(findings);
    MapTotals expected{};
    for (const PreservedBlocks &run : read_preserved_map(image.memory, format(), KernelImage::map, findings))
        expected[run.order] += run.count;
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(seen[9], 1u) << "the large folio";
    EXPECT_TRUE(findings.list().empty());
}

TEST_P(MapTotalsOf, CountWhatIsSoundAndTellWhatIsNot) {
    Findings before, findings;
    MapTotals expected = totals(before);
    image.memory.remove_page(image.leaf_of(9));
    const MapTotals seen = totals(findings);
    EXPECT_EQ(findings.errors(), 1u);
    EXPECT_TRUE(findings.fired(image.radix() ? Check::radix_node_address : Check::bitmap_address));
    expected[9] = 0;
    EXPECT_EQ(seen, expected);
}

TEST_P(MapTotalsOf, CountTwiceWhatLiesInTheMapWithTwoOrders) {
    Findings of_runs, findings;
    const MapTotals before = totals(findings);
    image.preserve(KernelImage::large_folio + 4 * page_size, 0);
    read_preserved_map(image.memory, format(), KernelImage::map, of_runs);
    EXPECT_TRUE(of_runs.fired(Check::block_overlap));
    EXPECT_EQ(totals(findings)[0], before[0] + 1);
    EXPECT_TRUE(findings.list().empty());
}

// Only a chunk list can say so: a key leads to one bit of a radix tree.
TEST(MapTotals, CountTwiceWhatTwoBitmapsSay) {
    KernelImage image(Producer::v6_19);
    Findings of_runs, findings;
    const auto totals = [&] { return read_map_totals(image.memory, kho_v1, KernelImage::map, findings); };
    const MapTotals before = totals();
    std::uint32_t order = 0;
    image.change<abi::mem_chunk>(KernelImage::map, [&](abi::mem_chunk &chunk) {
        order = chunk.order;
        image.memory.put(KernelImage::spare,
                         image.memory.load<Page>(PhysAddr{chunk.bitmaps[0].bitmap}).value());
        chunk.bitmaps[chunk.num_elms++] = {chunk.bitmaps[0].phys_start, value(KernelImage::spare)};
    });
    const std::uint64_t twice = count_bits(image.memory.load<Page>(KernelImage::spare).value());
    EXPECT_GT(twice, 0u);
    EXPECT_EQ(totals()[order], before[order] + twice);
    EXPECT_TRUE(findings.list().empty());
    read_preserved_map(image.memory, kho_v1, KernelImage::map, of_runs);
    EXPECT_TRUE(of_runs.fired(Check::block_overlap));
}

TEST_P(MapTotalsOf, AreNothingWithoutAMap) {
    for (const PhysAddr at : {PhysAddr{0}, KernelImage::map + 8, KernelImage::nowhere}) {
        Findings findings;
        EXPECT_EQ(read_map_totals(image.memory, format(), at, findings), MapTotals{});
        EXPECT_TRUE(findings.fired(Check::map_address));
    }
}

INSTANTIATE_TEST_SUITE_P(EachProducer, MapTotalsOf, testing::ValuesIn(all_producers),
                         [](const auto &which) { return "v" + std::to_string(which.index); });

}  // namespace
}  // namespace kho
