// SPDX-License-Identifier: GPL-2.0-or-later
// What a file is taken for; raw memory; blobs.
#include "fdt/file/image.h"
#include "fdt/formats/releases.h"

#include <sys/stat.h>
#include <unistd.h>

#include "fdt/base/internal/fdt_page.h"
#include "fdt/write/internal/fdt.h"
#include "tests/temporary_folder.h"
#include "tests/unit/fdt/expect.h"
#include "tests/unit/fdt/kdump_file.h"
#include "tests/unit/fdt/luo_root.h"
#include "tests/unit/fdt/recording.h"

namespace kho {
namespace {

Range range(std::uint64_t start, std::uint64_t size) { return {PhysAddr{start}, size}; }

std::vector<std::byte> bytes_of(std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}
Result<Image> open(std::vector<std::byte> bytes, const ImageOptions &options = {}) {
    return Image::open(MappedFile::from_bytes(std::move(bytes)), options);
}

std::vector<std::byte> fdt_with_compatible(const char *compatible) {
    FdtWriter writer;
    writer.begin_node("");
    if (compatible != nullptr)
        writer.string_property("compatible", compatible);
    writer.end_node();
    return std::move(writer.finish()).value();
}

// struct luo_ser of luo-v5: version, number, sessions, FLBs.
std::vector<std::byte> luo_root(std::string_view version, std::size_t size = 32) {
    std::vector<std::byte> bytes(size);
    std::ranges::copy(std::as_bytes(std::span(version)).first(std::min(version.size(), size)), bytes.begin());
    return bytes;
}

TEST(Image, IsTakenForWhatItContains) {
    const struct {
        std::optional<BlobKind> blob;
        std::vector<std::byte> bytes;
        const char *format;
        const char *compatible;
    } cases[] = {
        {BlobKind::kho_fdt, write_kho_fdt(kho_v1, PhysAddr{0x1000}, {}).value(), "KHO FDT \"kho-v1\"",
         "kho-v1"},
        {BlobKind::kho_fdt, fdt_with_compatible("kho-v4"), "KHO FDT \"kho-v4\"", "kho-v4"},
        {BlobKind::kho_fdt, fdt_with_compatible("kho-v99"), "KHO FDT \"kho-v99\"", "kho-v99"},
        {BlobKind::luo_fdt, write_luo_fdt(1, PhysAddr{0x1000}, std::nullopt).value(), "LUO FDT \"luo-v1\"",
         "luo-v1"},
        {BlobKind::memblock_fdt, fdt_with_compatible("memblock-v1"), "memblock FDT \"memblock-v1\"",
         "memblock-v1"},
        {BlobKind::luo_fdt, fdt_with_compatible("luo-v2"), "LUO FDT \"luo-v2\"", "luo-v2"},
        {BlobKind::kho_test_fdt, fdt_with_compatible("kho-test-v1"), "FDT \"kho-test-v1\"", "kho-test-v1"},
        {BlobKind::other_fdt, fdt_with_compatible("kho-test"), "FDT \"kho-test\"", "kho-test"},
        {BlobKind::luo_ser, luo_root("luo-v5"), "LUO root \"luo-v5\"", "luo-v5"},
        {BlobKind::luo_ser, luo_root("luo-v5", 4096), "LUO root \"luo-v5\"", "luo-v5"},
        {std::nullopt, make_kdump({{1, noise_page(1)}}).bytes, "kdump-compressed (none)", ""},
        {std::nullopt, make_kdump({}).bytes, "kdump-compressed (none)", ""},
    };
    for (const auto &c : cases) {
        const auto image = open(c.bytes);
        ASSERT_TRUE(succeeds(image)) << c.format;
        EXPECT_EQ(image.value().kind(), c.blob ? ImageKind::blob : ImageKind::kdump) << c.format;
        EXPECT_EQ(image.value().blob_kind(), c.blob) << c.format;
        EXPECT_STREQ(image.value().kind_name(), c.blob ? name(*c.blob) : "kdump-compressed dump");
        EXPECT_EQ(image.value().info().format, c.format);
        EXPECT_EQ(image.value().info().compatible, c.compatible);
        EXPECT_EQ(c.blob.has_value(), !image.value().blob().empty());
        if (c.blob) {
            EXPECT_TRUE(image.value().memory().ranges().empty());
            EXPECT_TRUE(image.value().memory().resident().empty());
            EXPECT_TRUE(
                fails(image.value().memory().load<char>(PhysAddr{0x1000}), Errc::outside_memory, 0x1000));
        }
    }
}

TEST(Image, WhatIsNothingIsRefusedWithAReason) {
    auto truncated = write_kho_fdt(kho_v1, PhysAddr{0x1000}, {}).value();
    truncated.resize(100);
    auto damaged = write_kho_fdt(kho_v1, PhysAddr{0x1000}, {}).value();
    damaged[8] = std::byte{0xff};  // off_dt_struct
    auto old = write_kho_fdt(kho_v1, PhysAddr{0x1000}, {}).value();
    old[23] = std::byte{15};  // version; libfdt 1.6.1 follows a null pointer then
    auto odd = write_kho_fdt(kho_v1, PhysAddr{0x1000}, {}).value();
    odd[11] = static_cast<std::byte>(std::to_integer<int>(odd[11]) + 2);  // off_dt_struct
    auto endless = bytes_of("\xd0\x0d\xfe\xed");
    endless.resize(max_blob_size + 1);
    const struct {
        const char *name;
        std::vector<std::byte> bytes;
        Errc code;
        const char *word;
    } cases[] = {
        {"empty", {}, Errc::input_format, "empty"},
        {"a text", bytes_of("hello"), Errc::input_format, "\"hello\""},
        {"a byte", bytes_of("\x7f"), Errc::input_format, "\"\\x7f\""},
        {"a diskdump", bytes_of("DISKDUMP"), Errc::input_format, "diskdump"},
        {"a migration stream", bytes_of("QEVM\x00\x00\x00\x03"), Errc::input_format, "migration"},
        {"an FDT's magic alone", bytes_of("\xd0\x0d\xfe\xed"), Errc::fdt_header, "4 bytes"},
        {"a cut FDT", truncated, Errc::fdt_header, "in 100"},
        {"a damaged FDT", damaged, Errc::fdt_header, "damaged"},
        {"an FDT of an old version", old, Errc::fdt_header, "damaged: FDT_ERR_BADVERSION"},
        {"an FDT whose structure begins at an odd address", odd, Errc::fdt_header,
         "damaged: FDT_ERR_BADOFFSET"},
        {"an FDT without compatible", fdt_with_compatible(nullptr), Errc::property_missing, "compatible"},
        {"an FDT as large as memory", endless, Errc::input_format, "base address"},
        {"a LUO root of another version", luo_root("luo-v6"), Errc::compatible_unknown, "\"luo-v6\""},
        {"a LUO root whose version has no end", luo_root("luo-v555"), Errc::compatible_unknown,
         "\"luo-v555\""},
        {"a cut LUO root", luo_root("luo-v5", 31), Errc::fdt_header, "31 bytes"},
        {"a flattened nothing", flattened(std::vector<FlatRecord>{}), Errc::dump_format, "not kdump"},
    };
    for (const auto &c : cases) {
        const auto image = open(c.bytes);
        EXPECT_TRUE(fails(image, c.code, 0)) << c.name;
        if (!image) {
            EXPECT_NE(image.error().what.find(c.word), std::string::npos)
                << c.name << ": " << image.error().what;
        }
    }
}

TEST(Image, RawMemoryBeginsWhereTheCallerSays) {
    // Even what looks like something else.
    const auto image = open(bytes_of("KDUMP   "), {.base = PhysAddr{0x100000}});
    ASSERT_TRUE(succeeds(image));
    EXPECT_EQ(image.value().kind(), ImageKind::raw);
    EXPECT_EQ(image.value().info().format, "raw memory from 0x100000");
    EXPECT_EQ(image.value().memory().ranges(), RangeSet({range(0x100000, 8)}));
    EXPECT_EQ(image.value().memory().resident(), RangeSet({range(0x100000, 8)}));
    EXPECT_EQ(image.value().memory().load<char>(PhysAddr{0x100001}).value(), 'D');
    EXPECT_TRUE(fails(image.value().memory().load<std::uint64_t>(PhysAddr{0x100001}), Errc::outside_memory,
                      0x100008));
    EXPECT_TRUE(
        fails(open(bytes_of("12345678"), {.base = PhysAddr{~std::uint64_t{0} - 7}}), Errc::input_format, 0));
    EXPECT_TRUE(succeeds(open(bytes_of("1234567"), {.base = PhysAddr{~std::uint64_t{0} - 7}})));
    EXPECT_TRUE(succeeds(open({}, {.base = PhysAddr{0}})));
}

TEST(Image, ARecordingKeepsItsNotes) {
    const TemporaryFolder folder;
    const CoreHeader header{
        .data = {.fdt_addr = 0x1000, .fdt_size = 0x1000, .scratch_addr = 0x2000, .scratch_size = 16},
        .memory_map = {{0, 0x9fc00, 1, 0}},
        .release = "6.19"};
    ASSERT_TRUE(succeeds(write_core(folder.file("r"), header, RangeSet({range(0x1000, 0x3000)}),
                                    source_of(NumberedMemory()))));
    auto opened = Image::open(folder.file("r"));
    ASSERT_TRUE(succeeds(opened));
    const Image image = std::move(opened).value();
    EXPECT_EQ(image.kind(), ImageKind::recording);
    EXPECT_EQ(image.info().format, "recording in the format of Linux 6.19");
    ASSERT_TRUE(image.info().recording);
    EXPECT_EQ(image.info().recording->data.scratch_addr, 0x2000u);
    EXPECT_EQ(image.info().recording->memory_map.size(), 1u);
    EXPECT_EQ(image.memory().load<std::byte>(PhysAddr{0x2345}).value(),
              NumberedMemory::byte_at(PhysAddr{0x2345}));
}

TEST(Image, FilesThatCannotBeReadAreNamed) {
    const TemporaryFolder folder;
    EXPECT_TRUE(fails(Image::open(folder.file("none")), Errc::io, 0));
    EXPECT_EQ(Image::open(folder.path()).error().message(), "io: " + folder.path() + ": Is a directory");
    EXPECT_TRUE(fails(Image::open("/dev/null"), Errc::io, 0));
    ASSERT_EQ(mkfifo(folder.file("fifo").c_str(), 0600), 0);
    EXPECT_TRUE(fails(Image::open(folder.file("fifo")), Errc::io, 0));
}

TEST(Image, EveryKindHasANameOfItsOwn) {
    std::set<std::string> names;
    for (int kind = 0; kind <= static_cast<int>(ImageKind::blob); kind++)
        names.insert(name(static_cast<ImageKind>(kind)));
    EXPECT_EQ(names.size(), static_cast<std::size_t>(ImageKind::blob) + 1);
    EXPECT_FALSE(names.contains("unknown"));
}

}  // namespace
}  // namespace kho
