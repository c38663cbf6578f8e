// SPDX-License-Identifier: GPL-2.0-or-later
// A handover of each generation with its bytes changed one by one, and with each page taken away. Whatever
// comes out must keep the model's promises; under a sanitizer this finds each stray access too.
#include "fdt/formats/releases.h"
#include "fdt/handlers/memfd.h"
#include "fdt/predict/predict.h"
#include "tests/unit/fdt/kernel_image.h"

namespace kho {
namespace {

void expect_promises_kept(const Handover &handover, const Findings &findings) {
    RangeSet preserved;
    for (const PreservedBlocks &run : handover.preserved) {
        ASSERT_LE(run.order, max_block_order);
        ASSERT_GT(run.count, 0u);
        ASSERT_TRUE(is_aligned(value(run.address), order_bytes(run.order)));
        ASSERT_TRUE(Range::checked(value(run.address), run.bytes()));
        ASSERT_FALSE(preserved.overlaps(run.range()));
        preserved.add(run.range());
    }
    PhysAddr last{0};
    for (const Use &use : handover.uses) {
        ASSERT_TRUE(Range::checked(value(use.range.start), use.range.size));
        ASSERT_LE(last, use.range.start);
        last = use.range.start;
        ASSERT_FALSE(path_of(handover, use).empty());
    }
    for (const Subtree &subtree : handover.subtrees) {
        ASSERT_TRUE(value(subtree.address) != 0 && is_page_aligned(subtree.address));
        ASSERT_TRUE(Range::checked(value(subtree.address), subtree.size));
    }
    if (handover.luo)
        for (const LuoSession &session : handover.luo->sessions)
            for (const LuoFile &file : session.files) {
                if (!memfd_of(file))
                    continue;
                for (const MemfdFolio &folio : memfd_of(file)->folios) ASSERT_LE(folio.order, max_order);
                holes(*memfd_of(file));
            }
    for (const Finding &finding : findings.list())
        for (const char c : finding.message()) ASSERT_TRUE(c >= ' ' && c <= '~');
    for (const Release &release : releases()) predict(handover, findings, release);
}

class ReaderMutation : public testing::TestWithParam<Producer> {
protected:
    void read() {
        Findings findings;
        const Handover handover = image.read(findings);
        ASSERT_NO_FATAL_FAILURE(expect_promises_kept(handover, findings));
        ASSERT_EQ(findings.errors() == 0, read_handover(image.memory, image.data).ok());
    }
    KernelImage image{GetParam()};
};

TEST_P(ReaderMutation, NoByteMakesTheReaderStray) {
    for (const PhysAddr page : image.metadata_pages()) {
        std::uint64_t zeroes = 0;
        for (PhysAddr at = page; at < page + page_size; at = at + 1) {
            std::byte &byte = image.memory.at(at);
            const std::byte original = byte;
            zeroes = original == std::byte{0} ? zeroes + 1 : 0;
            // Of long stretches of zeroes some will do.
            if (zeroes > 16 && zeroes % 97 != 0)
                continue;
            for (const unsigned flip : {0x01u, 0x80u, 0xffu}) {
                if (zeroes > 0 && flip == 0x80)
                    continue;
                byte = original ^ static_cast<std::byte>(flip);
                ASSERT_NO_FATAL_FAILURE(read()) << hex(value(at)) << ", flipped " << flip;
            }
            byte = original;
        }
    }
}

TEST_P(ReaderMutation, NoMissingPageMakesTheReaderStray) {
    for (const PhysAddr page : image.metadata_pages()) {
        const auto saved = image.memory.load<std::array<std::byte, page_size>>(page).value();
        image.memory.remove_page(page);
        ASSERT_NO_FATAL_FAILURE(read()) << hex(value(page));
        image.memory.put(page, saved);
    }
}

TEST_P(ReaderMutation, NoByteAndNoCutOfABlobMakesTheReaderStray) {
    for (const PhysAddr at :
         {KernelImage::kho_fdt, KernelImage::luo, KernelImage::memblock, KernelImage::test_fdt}) {
        std::vector<std::byte> blob(at == KernelImage::luo && image.blocks() ? 32 : page_size);
        ASSERT_TRUE(succeeds(image.memory.read(at, blob)));
        const auto try_blob = [](std::span<const std::byte> bytes) {
            // A copy of the exact size, so that a sanitizer sees a read beyond it.
            const std::vector<std::byte> exact(bytes.begin(), bytes.end());
            Findings findings;
            const Blob result = read_blob(exact, findings);
            ASSERT_NO_FATAL_FAILURE(expect_promises_kept(result.handover, findings));
        };
        for (std::size_t i = 0; i < std::min<std::size_t>(blob.size(), 0x400); i++)
            for (const unsigned flip : {0x01u, 0x80u, 0xffu}) {
                blob[i] ^= static_cast<std::byte>(flip);
                ASSERT_NO_FATAL_FAILURE(try_blob(blob)) << hex(value(at)) << " + " << i;
                blob[i] ^= static_cast<std::byte>(flip);
            }
        for (std::size_t size = 0; size < blob.size(); size += size < 0x400 ? 1 : 61)
            ASSERT_NO_FATAL_FAILURE(try_blob(std::span(blob).first(size))) << hex(value(at)) << ", " << size;
    }
}

TEST_P(ReaderMutation, BlobsAreToldByTheirContent) {
    const std::pair<PhysAddr, BlobKind> cases[] = {
        {KernelImage::kho_fdt, BlobKind::kho_fdt},
        {KernelImage::luo, image.blocks() ? BlobKind::luo_ser : BlobKind::luo_fdt},
        {KernelImage::memblock, BlobKind::memblock_fdt},
        {KernelImage::test_fdt, BlobKind::kho_test_fdt},
    };
    for (const auto &[at, kind] : cases) {
        std::vector<std::byte> bytes(page_size);
        ASSERT_TRUE(succeeds(image.memory.read(at, bytes)));
        Findings findings;
        const Blob blob = read_blob(bytes, findings);
        EXPECT_EQ(blob.kind, kind);
        EXPECT_TRUE(findings.list().empty()) << findings.list()[0].message();
        EXPECT_EQ(blob.handover.luo.has_value(), at == KernelImage::luo);
    }
    Findings findings;
    EXPECT_EQ(read_blob(std::vector<std::byte>(page_size), findings).kind, std::nullopt);
    EXPECT_TRUE(findings.fired(Check::blob_unknown));
}

INSTANTIATE_TEST_SUITE_P(EachProducer, ReaderMutation, testing::ValuesIn(all_producers),
                         [](const auto &which) { return "v" + std::to_string(which.index); });

// As in dtc: what is not selected is tried all the same, and leaves no finding.
TEST(Findings, AreSelectedByName) {
    Findings findings(1);
    EXPECT_FALSE(findings.only("no-such-check"));
    EXPECT_FALSE(findings.exclude("no-such-check"));
    EXPECT_TRUE(findings.only("memfd-pos"));
    EXPECT_TRUE(findings.only("memfd-size"));
    EXPECT_TRUE(findings.exclude("memfd-size"));
    for (const Check check : {Check::memfd_size, Check::memfd_pos, Check::memfd_pos, Check::not_a_block})
        findings.add({.check = check, .path = "/LUO", .address = 0x1000, .index = 0, .text = "text"});
    EXPECT_EQ(findings.list().size(), 1u);
    EXPECT_EQ(findings.list()[0].message(), "memfd-pos at 0x1000: /LUO: text");
    EXPECT_EQ(findings.errors(), 2u);
    EXPECT_EQ(findings.warnings(), 0u);
    EXPECT_EQ(findings.dropped(), 1u);
    EXPECT_TRUE(findings.fired(Check::memfd_size) && findings.fired(Check::not_a_block));
    ASSERT_NE(findings.first_error(), nullptr);
    EXPECT_EQ(findings.first_error()->check, Check::memfd_size);
}

}  // namespace
}  // namespace kho
