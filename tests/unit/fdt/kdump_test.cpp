// SPDX-License-Identifier: GPL-2.0-or-later
// kdump-compressed dumps: each compression, plain and flattened, and broken in every field.
#include <functional>

#include "fdt/file/image.h"
#include "tests/unit/fdt/expect.h"
#include "tests/unit/fdt/kdump_file.h"

namespace kho {
namespace {

//  0  text   1  zeroes   2  noise   (3, 4: none)   5  zeroes   ...   0x3ff  text, the last page that can be
std::map<std::uint64_t, PageContent> sample_pages() {
    return {{0, text_page("first")},
            {1, PageContent{}},
            {2, noise_page(7)},
            {5, PageContent{}},
            {0x40, text_page("in another word")},
            {0x3ff, text_page("the last")}};
}

Range pages(std::uint64_t first, std::uint64_t count = 1) {
    return {PhysAddr{first * page_size}, count * page_size};
}

Result<Image> open(std::vector<std::byte> bytes) {
    return Image::open(MappedFile::from_bytes(std::move(bytes)));
}

testing::AssertionResult holds(const Memory &memory, const std::map<std::uint64_t, PageContent> &expected) {
    for (const auto &[number, content] : expected) {
        const auto page = memory.load<PageContent>(PhysAddr{number * page_size});
        if (!page)
            return testing::AssertionFailure() << page.error().message();
        if (page.value() != content)
            return testing::AssertionFailure() << "page " << number << " differs";
    }
    return testing::AssertionSuccess();
}

class KdumpCompression : public testing::TestWithParam<std::pair<const char *, std::uint32_t>> {};

TEST_P(KdumpCompression, IsUndoneInPlainAndFlattenedFiles) {
    const auto &[name, flags] = GetParam();
    const KdumpFile file = make_kdump(sample_pages(), flags);
    for (const bool flat : {false, true}) {
        const auto image = open(flat ? flattened(file.bytes) : file.bytes);
        ASSERT_TRUE(succeeds(image));
        EXPECT_EQ(image.value().kind(), ImageKind::kdump);
        EXPECT_EQ(image.value().info().format,
                  std::string("kdump-compressed (") + name + (flat ? "), flattened" : ")"));
        EXPECT_EQ(image.value().info().cpus, 3u);
        EXPECT_EQ(image.value().info().kernel_release, "6.19.14-kho");
        EXPECT_TRUE(image.value().info().warnings.empty());
        const ImageMemory &memory = image.value().memory();
        EXPECT_TRUE(holds(memory, sample_pages()));
        EXPECT_EQ(memory.ranges(), RangeSet({pages(0, 3), pages(5), pages(0x40), pages(0x3ff)}));
        EXPECT_EQ(memory.resident(), RangeSet({pages(0), pages(2), pages(0x40), pages(0x3ff)}));
        // Across a page's end, and out of it.
        EXPECT_TRUE(succeeds(memory.load<std::uint64_t>(PhysAddr{0x1ffc})));
        EXPECT_TRUE(fails(memory.load<std::uint64_t>(PhysAddr{0x2ffc}), Errc::outside_memory, 0x3000));
        EXPECT_TRUE(fails(memory.load<std::uint64_t>(PhysAddr{0x400000}), Errc::outside_memory, 0x400000));
        EXPECT_TRUE(fails(memory.load<std::uint8_t>(PhysAddr{~std::uint64_t{0}}), Errc::outside_memory,
                          ~std::uint64_t{0}));
        EXPECT_TRUE(succeeds(memory.read(PhysAddr{~std::uint64_t{0}}, {})));
    }
}

INSTANTIATE_TEST_SUITE_P(All, KdumpCompression,
                         testing::Values(std::pair("none", 0u), std::pair("zlib", abi::kdump_page_zlib),
                                         std::pair("lzo", abi::kdump_page_lzo),
                                         std::pair("snappy", abi::kdump_page_snappy),
                                         std::pair("zstd", abi::kdump_page_zstd)),
                         [](const auto &test) { return test.param.first; });

TEST(Kdump, PagesThatWereLeftOutForTheirZeroesReadAsZeroes) {
    KdumpFile file = make_kdump(sample_pages());
    file.bytes[KdumpFile::bitmaps_at] |= std::byte{1 << 3};  // page 3 exists, and is not in the dump
    auto image = open(file.bytes);
    ASSERT_TRUE(succeeds(image));
    EXPECT_TRUE(holds(image.value().memory(), {{3, PageContent{}}}));
    EXPECT_TRUE(image.value().memory().ranges().contains(pages(3)));
    EXPECT_FALSE(image.value().memory().resident().contains(pages(3)));
    // Where other pages were left out too, its content is unknown.
    file.set(KdumpFile::sub_header_at + offsetof(abi::kdump_sub_header, dump_level), std::uint32_t{31});
    image = open(file.bytes);
    ASSERT_TRUE(succeeds(image));
    EXPECT_TRUE(fails(image.value().memory().load<char>(PhysAddr{0x3000}), Errc::outside_memory, 0x3000));
}

TEST(Kdump, OldHeadersCountPagesInTheMainHeader) {
    KdumpFile file = make_kdump(sample_pages());
    file.set(offsetof(abi::kdump_header, header_version), std::uint32_t{5})
        .set(KdumpFile::sub_header_at + offsetof(abi::kdump_sub_header, max_mapnr_64), ~std::uint64_t{0});
    const auto image = open(file.bytes);
    ASSERT_TRUE(succeeds(image));
    EXPECT_TRUE(holds(image.value().memory(), sample_pages()));
}

TEST(Kdump, NothingBehindTheLastPageFrameIsLookedAt) {
    KdumpFile file = make_kdump(sample_pages());
    for (const std::uint64_t bitmap : {KdumpFile::bitmaps_at, KdumpFile::bitmaps_at + page_size})
        file.set(bitmap + KdumpFile::pages / 8, ~std::uint64_t{0});
    const auto image = open(file.bytes);
    ASSERT_TRUE(succeeds(image));
    EXPECT_EQ(image.value().memory().ranges().ranges().back(), pages(0x3ff));
}

TEST(Kdump, HeadersThatLieAreRefused) {
    using Change = std::function<void(KdumpFile &)>;
    constexpr std::uint64_t sub = KdumpFile::sub_header_at;
    const auto main32 = [](std::size_t member, std::uint32_t v) {
        return [=](KdumpFile &f) { f.set(member, v); };
    };
    const auto sub64 = [](std::size_t member, std::uint64_t v) {
        return [=](KdumpFile &f) { f.set(sub + member, v); };
    };
    constexpr std::uint32_t huge32 = ~std::uint32_t{0};
    constexpr std::uint64_t huge = ~std::uint64_t{0};
    const struct {
        const char *name;
        Change change;
        std::uint64_t address;
    } cases[] = {
        {"cut within the header", [](KdumpFile &f) { f.bytes.resize(463); }, 0},
        {"cut within the sub-header", [](KdumpFile &f) { f.bytes.resize(sub + 103); }, sub},
        {"cut within the bitmap",
         [](KdumpFile &f) { f.bytes.resize(KdumpFile::bitmaps_at + page_size + 127); },
         KdumpFile::bitmaps_at + page_size},
        {"no block size", main32(offsetof(abi::kdump_header, block_size), 0),
         offsetof(abi::kdump_header, block_size)},
        {"large blocks", main32(offsetof(abi::kdump_header, block_size), 65536),
         offsetof(abi::kdump_header, block_size)},
        {"32-bit",
         [](KdumpFile &f) {
             f.set(offsetof(abi::kdump_header, block_size), std::uint32_t{0})
                 .set(abi::kdump32_block_size, std::uint32_t{4096});
         },
         0},
        {"no sub-header", main32(offsetof(abi::kdump_header, sub_hdr_size), 0), sub},
        {"sub-header of 16 TiB", main32(offsetof(abi::kdump_header, sub_hdr_size), huge32),
         page_size + std::uint64_t{huge32} * page_size + page_size},
        {"no bitmaps", main32(offsetof(abi::kdump_header, bitmap_blocks), 0),
         offsetof(abi::kdump_header, bitmap_blocks)},
        {"half a bitmap", main32(offsetof(abi::kdump_header, bitmap_blocks), 3),
         offsetof(abi::kdump_header, bitmap_blocks)},
        {"bitmaps of 16 TiB", main32(offsetof(abi::kdump_header, bitmap_blocks), huge32 - 1),
         KdumpFile::bitmaps_at + std::uint64_t{huge32 / 2} * page_size},
        {"more pages than bits", sub64(offsetof(abi::kdump_sub_header, max_mapnr_64), 0x8001),
         sub + offsetof(abi::kdump_sub_header, max_mapnr_64)},
        {"2^64 - 1 pages", sub64(offsetof(abi::kdump_sub_header, max_mapnr_64), huge),
         sub + offsetof(abi::kdump_sub_header, max_mapnr_64)},
        {"more pages than bits, in an old header",
         [](KdumpFile &f) {
             f.set(offsetof(abi::kdump_header, header_version), std::uint32_t{5})
                 .set(offsetof(abi::kdump_header, max_mapnr), std::uint32_t{0x8001});
         },
         offsetof(abi::kdump_header, max_mapnr)},
        {"split", [](KdumpFile &f) { f.set(sub + offsetof(abi::kdump_sub_header, split), std::uint32_t{1}); },
         sub + offsetof(abi::kdump_sub_header, split)},
        {"a page that does not exist",
         [](KdumpFile &f) { f.bytes[KdumpFile::bitmaps_at + page_size] |= std::byte{1 << 3}; },
         KdumpFile::bitmaps_at},
    };
    for (const auto &c : cases) {
        KdumpFile file = make_kdump(sample_pages());
        c.change(file);
        EXPECT_TRUE(fails(open(file.bytes), Errc::dump_format, c.address)) << c.name;
    }
}

TEST(Kdump, DescriptorsThatLieSpoilTheirPageOnly) {
    const struct {
        const char *name;
        std::size_t member;
        std::uint64_t value;
        bool wide;
        Errc code;
    } cases[] = {
        {"an offset behind the end", offsetof(abi::kdump_page, offset), std::uint64_t{1} << 40, true,
         Errc::outside_memory},
        {"an offset that wraps", offsetof(abi::kdump_page, offset), ~std::uint64_t{0} - 8, true,
         Errc::outside_memory},
        {"an offset elsewhere", offsetof(abi::kdump_page, offset), 0, true, Errc::dump_format},
        {"no bytes", offsetof(abi::kdump_page, size), 0, false, Errc::dump_format},
        {"a byte short", offsetof(abi::kdump_page, size), 20, false, Errc::dump_format},
        {"more than a page", offsetof(abi::kdump_page, size), 4097, false, Errc::dump_format},
        {"2^32 - 1 bytes", offsetof(abi::kdump_page, size), ~std::uint32_t{0}, false, Errc::dump_format},
        {"not compressed, and short", offsetof(abi::kdump_page, flags), 0, false, Errc::dump_format},
        {"another compression", offsetof(abi::kdump_page, flags), abi::kdump_page_lzo, false,
         Errc::dump_format},
        {"two compressions", offsetof(abi::kdump_page, flags), 3, false, Errc::dump_compression},
        {"an unknown compression", offsetof(abi::kdump_page, flags), 0x40, false, Errc::dump_compression},
    };
    for (const auto &c : cases) {
        KdumpFile file = make_kdump(sample_pages());
        constexpr std::uint64_t index = 4;  // page 0x40
        if (c.wide)
            file.set(KdumpFile::descriptor(index) + c.member, c.value);
        else
            file.set(KdumpFile::descriptor(index) + c.member, static_cast<std::uint32_t>(c.value));
        const auto image = open(file.bytes);
        ASSERT_TRUE(succeeds(image)) << c.name;
        EXPECT_TRUE(fails(image.value().memory().load<char>(PhysAddr{0x40000}), c.code, 0x40000)) << c.name;
        // Not remembered as something that it is not.
        EXPECT_TRUE(fails(image.value().memory().load<char>(PhysAddr{0x40000}), c.code, 0x40000)) << c.name;
        auto others = sample_pages();
        others.erase(0x40);
        EXPECT_TRUE(holds(image.value().memory(), others)) << c.name;
    }
}

TEST(Kdump, AFileThatWasCutOffIsReadAsFarAsItGoes) {
    const KdumpFile file = make_kdump(sample_pages());
    auto bytes = file.bytes;
    bytes.resize(file.get<abi::kdump_page>(KdumpFile::descriptor(4)).offset + 3);
    auto image = open(bytes);
    ASSERT_TRUE(succeeds(image));
    EXPECT_TRUE(
        holds(image.value().memory(), {{0, text_page("first")}, {1, PageContent{}}, {2, noise_page(7)}}));
    for (const std::uint64_t page : {0x40000u, 0x3ff000u})
        EXPECT_TRUE(fails(image.value().memory().load<char>(PhysAddr{page}), Errc::outside_memory, page));

    bytes.resize(KdumpFile::descriptor(1) + 5);
    image = open(bytes);
    ASSERT_TRUE(succeeds(image));
    EXPECT_EQ(image.value().info().warnings,
              std::vector<std::string>{"the file ends before the last of 6 page descriptors"});
    EXPECT_TRUE(fails(image.value().memory().load<char>(PhysAddr{0x1000}), Errc::outside_memory, 0x1000));

    bytes = flattened(file.bytes);
    bytes.resize(bytes.size() - 17);
    image = open(bytes);
    ASSERT_TRUE(succeeds(image));
    EXPECT_EQ(image.value().info().warnings.at(0), "the file ends in the middle of a record, at " +
                                                       hex(bytes.size()) + "; what follows is missing");
}

TEST(Kdump, NoByteAndNoCutMakesTheReaderStray) {
    const KdumpFile sample = make_kdump(sample_pages());
    const auto original = sample.bytes;
    const auto flat = flattened(original, 4096);
    const auto try_bytes = [](const std::vector<std::byte> &bytes) {
        const auto image = open(bytes);
        if (!image)
            return;
        const ImageMemory &memory = image.value().memory();
        // What is resident is in memory, and reading it ends, one way or another.
        ASSERT_TRUE(memory.resident().minus(memory.ranges()).empty());
        std::array<std::byte, 3 * page_size> some;
        for (const Range &range : memory.ranges().ranges()) {
            const auto out = std::span(some).first(std::min<std::uint64_t>(range.size, some.size()));
            (void)memory.read(range.start, out).ok();
            (void)memory.read(range.end() - out.size(), out).ok();
        }
    };
    for (const auto &whole : {original, flat}) {
        // Behind the headers most bytes are those of pages.
        for (std::size_t i = 0; i < whole.size(); i++) {
            if (whole[i] == std::byte{0} && i % 7 != 0)
                continue;
            for (const int flip : {0x01, 0x80, 0xff}) {
                auto bytes = whole;
                bytes[i] ^= static_cast<std::byte>(flip);
                ASSERT_NO_FATAL_FAILURE(try_bytes(bytes)) << i;
            }
        }
        for (std::size_t size = 0; size < whole.size(); size += 13) {
            // Exactly that long, so that a sanitizer sees each byte too far.
            const std::vector<std::byte> bytes(whole.begin(),
                                               whole.begin() + static_cast<std::ptrdiff_t>(size));
            ASSERT_NO_FATAL_FAILURE(try_bytes(bytes)) << size;
        }
    }
}

}  // namespace
}  // namespace kho
