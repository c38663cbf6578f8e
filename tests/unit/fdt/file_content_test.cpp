// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/view/file_content.h"

#include <algorithm>

#include "fdt/file/internal/atomic_file.h"
#include "tests/temporary_folder.h"
#include "tests/unit/fdt/expect.h"
#include "tests/unit/fdt/recording.h"
#include "tests/unit/fdt/sample_handover.h"

namespace kho {

static void PrintTo(const FileExtent &extent, std::ostream *out) {
    *out << extent.offset << "+" << extent.size << " at " << hex(value(extent.address));
}

namespace {

using sample::folio;

TEST(FileContent, ExtentsAreWhatFoliosHold) {
    constexpr std::uint64_t huge = std::uint64_t{1} << 63;
    const struct {
        const char *name;
        std::uint64_t size;
        std::vector<MemfdFolio> folios;
        std::vector<FileExtent> expected;
    } cases[] = {
        {"an empty file", 0, {}, {}},
        {"a folio behind an empty file", 0, {folio(0x1000, 0)}, {}},
        {"a file of holes", huge - 1, {}, {}},
        {"one page", 4096, {folio(0x1000, 0)}, {{0, 4096, PhysAddr{0x1000}}}},
        {"the last page is cut",
         4097,
         {folio(0x1000, 0), folio(0x5000, 1)},
         {{0, 4096, PhysAddr{0x1000}}, {4096, 1, PhysAddr{0x5000}}}},
        {"neighbours are joined", 8192, {folio(0x1000, 0), folio(0x2000, 1)}, {{0, 8192, PhysAddr{0x1000}}}},
        {"a hole between",
         3 * 4096,
         {folio(0x1000, 0), folio(0x2000, 2)},
         {{0, 4096, PhysAddr{0x1000}}, {8192, 4096, PhysAddr{0x2000}}}},
        {"any order",
         2 * 4096,
         {folio(0x9000, 1), folio(0x1000, 0)},
         {{0, 4096, PhysAddr{0x1000}}, {4096, 4096, PhysAddr{0x9000}}}},
        {"a large folio is cut", 5000, {folio(0x10000, 0, 4)}, {{0, 5000, PhysAddr{0x10000}}}},
        {"beyond the size", 4096, {folio(0x1000, 0), folio(0x2000, 7)}, {{0, 4096, PhysAddr{0x1000}}}},
        {"not uptodate reads as zeroes",
         8192,
         {folio(0x1000, 0, 0, abi::memfd_folio_dirty), folio(0x2000, 1)},
         {{4096, 4096, PhysAddr{0x2000}}}},
        {"of two that overlap the first counts",
         3 * 4096,
         {folio(0x10000, 0, 1), folio(0x20000, 1, 1)},
         {{0, 8192, PhysAddr{0x10000}}, {8192, 4096, PhysAddr{0x21000}}}},
        {"the last page of the largest file",
         huge - 1,
         {folio(0x1000, (huge >> 12) - 1)},
         {{huge - 4096, 4095, PhysAddr{0x1000}}}},
        {"an index that would wrap",
         UINT64_MAX,
         {folio(0x1000, UINT64_MAX), folio(0x2000, UINT64_MAX >> 12)},
         {}},
        {"an absurd order", 4096, {folio(0x1000, 0, 60)}, {}},
    };
    for (const auto &c : cases)
        EXPECT_EQ(file_extents({.size = c.size, .folios = c.folios}), c.expected) << c.name;
}

FileContent content_of(const Memfd &memfd) { return {memfd.size, file_extents(memfd)}; }

TEST(FileContent, IsCopiedFrontToBack) {
    const NumberedMemory memory;
    const Memfd memfd{.size = 5 * page_size + 7,
                      .folios = {folio(0x10000, 1), folio(0x30000, 2), folio(0x80000, 5)}};
    std::string copied;
    std::vector<std::uint64_t> holes;
    const Outcome outcome =
        copy_file(memory, content_of(memfd),
                  {.bytes =
                       [&](auto bytes) {
                           copied.append(reinterpret_cast<const char *>(bytes.data()), bytes.size());
                           return success();
                       },
                   .zeroes =
                       [&](std::uint64_t count) {
                           holes.push_back(count);
                           copied.append(count, '\0');
                           return success();
                       }});
    ASSERT_TRUE(succeeds(outcome));
    EXPECT_EQ(holes, (std::vector<std::uint64_t>{page_size, 2 * page_size}));
    ASSERT_EQ(copied.size(), memfd.size);
    const auto byte = [&](std::uint64_t offset) { return static_cast<std::byte>(copied[offset]); };
    EXPECT_EQ(byte(0), std::byte{});
    EXPECT_EQ(byte(page_size + 5), NumberedMemory::byte_at(PhysAddr{0x10005}));
    EXPECT_EQ(byte(2 * page_size), NumberedMemory::byte_at(PhysAddr{0x30000}));
    EXPECT_EQ(byte(5 * page_size + 6), NumberedMemory::byte_at(PhysAddr{0x80006}));
}

TEST(FileContent, AFolioThatIsMissingIsAnErrorThatNamesBothPlaces) {
    TestMemory memory;
    memory.put_zeros({PhysAddr{0x1000}, page_size});
    const Outcome outcome =
        copy_file(memory, content_of({.size = 3 * page_size, .folios = {folio(0x1000, 0), folio(0x9000, 2)}}),
                  {.bytes = [](auto) { return success(); }, .zeroes = [](auto) { return success(); }});
    ASSERT_TRUE(fails(outcome, Errc::outside_memory, 0x9000));
    EXPECT_NE(outcome.error().what.find("byte 8192 of the file"), std::string::npos) << outcome.error().what;
}

TEST(FileContent, AnErrorOfTheSinkIsPassedOn) {
    const NumberedMemory memory;
    const Error full{.code = Errc::io, .what = "disk full"};
    const Outcome outcome =
        copy_file(memory, content_of({.size = page_size, .folios = {folio(0x1000, 0)}}),
                  {.bytes = [&](auto) -> Outcome { return full; }, .zeroes = [](auto) { return success(); }});
    ASSERT_TRUE(fails(outcome, Errc::io, 0));
    EXPECT_EQ(outcome.error().what, "disk full");
}

TEST(AtomicFile, HolesReadAsZeroesAndCountAtTheEnd) {
    const TemporaryFolder folder;
    const std::string path = folder.file("sparse");
    Result<AtomicFile> file = AtomicFile::create(path);
    ASSERT_TRUE(succeeds(file));
    const std::byte x[] = {std::byte{'x'}};
    ASSERT_TRUE(succeeds(file.value().hole(0)));
    ASSERT_TRUE(succeeds(file.value().hole(5000)));
    ASSERT_TRUE(succeeds(file.value().write(x)));
    ASSERT_TRUE(succeeds(file.value().hole(100)));
    EXPECT_EQ(file.value().size(), 5101U);
    ASSERT_TRUE(succeeds(file.value().commit()));
    EXPECT_EQ(TemporaryFolder::contents(path), std::string(5000, '\0') + "x" + std::string(100, '\0'));
}

TEST(AtomicFile, AHoleThatNoFileCanHaveIsRefusedAndLeavesNothing) {
    const TemporaryFolder folder;
    {
        Result<AtomicFile> file = AtomicFile::create(folder.file("sparse"));
        ASSERT_TRUE(succeeds(file));
        ASSERT_TRUE(succeeds(file.value().hole(1)));
        EXPECT_TRUE(fails(file.value().hole(std::uint64_t{1} << 63), Errc::io, 0));
        EXPECT_TRUE(fails(file.value().hole(UINT64_MAX), Errc::io, 0));
    }
    EXPECT_TRUE(folder.names().empty());
}

}  // namespace
}  // namespace kho
