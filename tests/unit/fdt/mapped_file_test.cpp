// SPDX-License-Identifier: GPL-2.0-or-later
// Mapped files: sparse ones, special ones, and one that shrinks while it is read.
#include "fdt/file/mapped_file.h"
#include "fdt/abi/units.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>

#include "fdt/file/image.h"
#include "tests/temporary_folder.h"
#include "tests/unit/fdt/expect.h"

namespace kho {
namespace {

// A file of `size` bytes with a page of x at each place.
std::string sparse_file(const TemporaryFolder &folder, std::uint64_t size,
                        std::initializer_list<std::uint64_t> places) {
    const std::string path = folder.file("sparse");
    const int file = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    EXPECT_EQ(::ftruncate(file, static_cast<off_t>(size)), 0);
    const std::string page(page_size, 'x');
    for (const std::uint64_t at : places)
        EXPECT_EQ(::pwrite(file, page.data(), page.size(), static_cast<off_t>(at)),
                  static_cast<ssize_t>(page.size()));
    ::close(file);
    return path;
}

TEST(MappedFile, KnowsWhereItsHolesAre) {
    const TemporaryFolder folder;
    const std::string path = sparse_file(folder, 64 * gib, {0, 5 * gib, 64 * gib - page_size});
    auto opened = MappedFile::open(path);
    ASSERT_TRUE(succeeds(opened));
    const MappedFile file = std::move(opened).value();
    ASSERT_EQ(file.bytes().size(), 64 * gib);
    const auto data = file.data({0, 64 * gib});
    std::uint64_t bytes = 0;
    for (const Extent &extent : data) bytes += extent.size;
    // File systems may give a little more.
    ASSERT_EQ(data.size(), 3u);
    EXPECT_EQ(data[0].offset, 0u);
    EXPECT_LE(data[1].offset, 5 * gib);
    EXPECT_GE(data[1].end(), 5 * gib + page_size);
    EXPECT_EQ(data[2].end(), 64 * gib);
    EXPECT_LT(bytes, gib / 16);
    EXPECT_EQ(file.data({100, 200}), (std::vector<Extent>{{100, 200}}));
    EXPECT_TRUE(file.data({gib, gib}).empty());
    EXPECT_TRUE(file.data({7, 0}).empty());
    EXPECT_EQ(file.data({64 * gib - 5, 100}), (std::vector<Extent>{{64 * gib - 5, 5}}));
}

TEST(MappedFile, HolesOfAnImageAreNotResident) {
    const TemporaryFolder folder;
    const std::string path = sparse_file(folder, 64 * gib, {5 * gib});
    const auto image = Image::open(path, {.base = PhysAddr{gib + 0x800}});
    ASSERT_TRUE(succeeds(image));
    const RangeSet resident = image.value().memory().resident();
    // Whole pages of memory, though the file's lie half a page off.
    EXPECT_TRUE(resident.contains({PhysAddr{6 * gib}, 2 * page_size}));
    EXPECT_TRUE(is_page_aligned(resident.ranges()[0].start) && is_page_aligned(resident.ranges()[0].end()));
    EXPECT_LT(resident.bytes(), gib / 16);
    EXPECT_EQ(image.value().memory().load<char>(PhysAddr{6 * gib + 0x800}).value(), 'x');
    EXPECT_EQ(image.value().memory().load<char>(PhysAddr{6 * gib + 0x7ff}).value(), '\0');
}

TEST(MappedFile, FilesThatCannotBeMappedAreCopied) {
    const auto file = MappedFile::open("/proc/self/status");
    ASSERT_TRUE(succeeds(file));
    EXPECT_GT(file.value().bytes().size(), 100u);
    EXPECT_EQ(file.value().data({0, 10}), (std::vector<Extent>{{0, 10}}));
}

TEST(MappedFile, CanBeMoved) {
    const TemporaryFolder folder;
    auto first = MappedFile::open(folder.add("a", std::vector<std::byte>(5, std::byte{'a'})));
    auto second = MappedFile::open(folder.add("b", std::vector<std::byte>(7, std::byte{'b'})));
    MappedFile file = std::move(first).value();
    EXPECT_EQ(file.bytes().size(), 5u);
    file = std::move(second).value();
    EXPECT_EQ(file.bytes().size(), 7u);
    EXPECT_EQ(file.bytes()[6], std::byte{'b'});
    file = MappedFile::from_bytes(std::vector<std::byte>(3, std::byte{'c'}));
    EXPECT_EQ(file.bytes()[2], std::byte{'c'});
}

using MappedFileDeathTest = testing::Test;

TEST(MappedFileDeathTest, AFileThatShrinksEndsTheProgramWithALine) {
    const TemporaryFolder folder;
    const std::string path = sparse_file(folder, 1 << 20, {0});
    EXPECT_EXIT(
        {
            exit_when_a_file_shrinks("kho");
            auto file = MappedFile::open(path);
            if (!file || ::truncate(path.c_str(), 0) != 0)
                std::exit(3);
            const volatile std::byte *at = file.value().bytes().data() + 0x80000;
            std::exit(std::to_integer<int>(*at));
        },
        testing::ExitedWithCode(2),
        "^kho: .*sparse: was shortened, or could not be read, while it was in use\n$");
}

TEST(MappedFileDeathTest, ASignalFromElsewhereKeepsItsEffect) {
    EXPECT_EXIT(
        {
            exit_when_a_file_shrinks("kho");
            std::raise(SIGBUS);
        },
        testing::KilledBySignal(SIGBUS), "");
}

}  // namespace
}  // namespace kho
