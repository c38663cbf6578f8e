// SPDX-License-Identifier: GPL-2.0-or-later
// How much is preserved, without what: the same number as that of the runs.
#include <bit>
#include <random>

#include "fdt/count_bits.h"
#include "tests/unit/fdt/kernel_image.h"

namespace kho {
namespace {

TEST(CountBits, IsTheSumOverAllWords) {
    std::mt19937_64 random(1);
    for (const std::size_t size : {0, 64, 128, 512, 1024})
        for (const int density : {0, 1, 2, 8}) {
            std::vector<std::uint64_t> words(size, density == 0 ? UINT64_MAX : 0);
            std::uint64_t expected = 0;
            for (std::uint64_t &word : words) {
                if (density != 0)
                    word = random();
                for (int i = 1; i < density; i++) word &= random();
                expected += static_cast<std::uint64_t>(std::popcount(word));
            }
            EXPECT_EQ(count_bits(words), expected) << size << " words, density " << density;
            EXPECT_EQ(count_bits_portably(words), expected) << size << " words, density " << density;
        }
}

TEST(CountBits, CountsEachSingleBitOnce) {
    for (std::size_t bit = 0; bit < 64 * 64; bit++) {
        std::array<std::uint64_t, 64> words{};
        words[bit / 64] = std::uint64_t{1} << bit % 64;
        ASSERT_EQ(count_bits(words), 1u) << bit;
        ASSERT_EQ(count_bits_portably(words), 1u) << bit;
    }
}

class MapTotalsOf : public testing::TestWithParam<Producer> {
protected:
    MapTotals totals(Findings &findings) const {
        return read_map_totals(image.memory, format(), KernelImage::map, findings);
    }
    KhoFormat format() const { return image.radix() ? KhoFormat::v4 : KhoFormat::v1; }
    KernelImage image{GetParam()};
};

TEST_P(MapTotalsOf, AreThoseOfTheRuns) {
    Findings findings;
    const MapTotals seen = totals(findings);
    MapTotals expected{};
    for (const PreservedBlocks &run : read_memory_map(image.memory, format(), KernelImage::map, findings))
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
    read_memory_map(image.memory, format(), KernelImage::map, of_runs);
    EXPECT_TRUE(of_runs.fired(Check::block_overlap));
    EXPECT_EQ(totals(findings)[0], before[0] + 1);
    EXPECT_TRUE(findings.list().empty());
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
