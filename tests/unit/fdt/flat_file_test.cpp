// SPDX-License-Identifier: GPL-2.0-or-later
// Flattened dumps: records in any order, over one another, and false ones.
#include "fdt/file/internal/flat_file.h"

#include <random>

#include "tests/unit/fdt/expect.h"
#include "tests/unit/fdt/kdump_file.h"

namespace kho {
namespace {

std::vector<std::byte> filled(std::size_t size, int c) {
    return std::vector<std::byte>(size, static_cast<std::byte>(c));
}

std::string content(const FlatFile &file) {
    std::string text(file.size(), '?');
    EXPECT_TRUE(file.read(0, std::as_writable_bytes(std::span(text))));
    for (char &c : text)
        if (c == '\0')
            c = '.';
    return text;
}

TEST(FlatFile, PutsRecordsInOrderAndLetsTheLastOneWin) {
    const struct {
        const char *name;
        std::vector<FlatRecord> records;
        const char *content;
    } cases[] = {
        {"nothing", {}, ""},
        {"in order", {{0, filled(3, 'a')}, {3, filled(2, 'b')}}, "aaabb"},
        {"out of order", {{3, filled(2, 'b')}, {0, filled(3, 'a')}}, "aaabb"},
        {"a hole", {{5, filled(2, 'b')}, {1, filled(2, 'a')}}, ".aa..bb"},
        {"an empty record", {{7, {}}, {0, filled(1, 'a')}}, "a"},
        {"over it all", {{1, filled(3, 'a')}, {0, filled(6, 'b')}}, "bbbbbb"},
        {"over its start", {{2, filled(4, 'a')}, {0, filled(3, 'b')}}, "bbbaaa"},
        {"over its end", {{0, filled(4, 'a')}, {3, filled(3, 'b')}}, "aaabbb"},
        {"in its middle", {{0, filled(6, 'a')}, {2, filled(2, 'b')}}, "aabbaa"},
        {"over several",
         {{0, filled(2, 'a')}, {3, filled(2, 'b')}, {6, filled(2, 'c')}, {1, filled(6, 'd')}},
         "addddddc"},
        {"the same place", {{0, filled(3, 'a')}, {0, filled(3, 'b')}}, "bbb"},
    };
    for (const auto &c : cases) {
        const auto bytes = flattened(c.records);
        const auto file = FlatFile::open(bytes);
        ASSERT_TRUE(succeeds(file)) << c.name;
        EXPECT_TRUE(file.value().flattened());
        EXPECT_FALSE(file.value().truncated());
        EXPECT_EQ(content(file.value()), c.content) << c.name;
    }
}

TEST(FlatFile, RandomRecordsReadAsIfTheyHadBeenWrittenToADisk) {
    for (std::uint32_t seed = 0; seed < 200; seed++) {
        std::mt19937 random(seed);
        std::vector<FlatRecord> records;
        std::string disk;
        for (unsigned i = 0; i < 1 + random() % 20; i++) {
            const std::size_t offset = random() % 60, size = 1 + random() % 20;
            const char c = static_cast<char>('a' + i);
            records.push_back({offset, filled(size, c)});
            disk.resize(std::max(disk.size(), offset + size), '.');
            disk.replace(offset, size, size, c);
        }
        const auto bytes = flattened(records);
        const auto file = FlatFile::open(bytes);
        ASSERT_TRUE(succeeds(file));
        ASSERT_EQ(content(file.value()), disk) << seed;
        std::byte one;
        EXPECT_FALSE(file.value().read(disk.size(), {&one, 1}));
        EXPECT_FALSE(file.value().read(~std::uint64_t{0}, {&one, 1}));
    }
}

TEST(FlatFile, ARecordThatCannotBeIsAnErrorAndAMissingOneIsTheEnd) {
    const auto good = flattened({{0, filled(8, 'a')}, {8, filled(8, 'b')}});
    constexpr std::size_t first = abi::flat_header_size;
    const auto put = [&](std::size_t offset, std::uint64_t number) {
        auto bytes = good;
        number = htobe64(number);
        std::memcpy(bytes.data() + offset, &number, sizeof number);
        return bytes;
    };
    EXPECT_TRUE(fails(FlatFile::open(put(16, 2)), Errc::dump_format, 16));
    EXPECT_TRUE(fails(FlatFile::open(put(24, 0)), Errc::dump_format, 16));
    EXPECT_TRUE(fails(FlatFile::open(put(first, std::uint64_t{1} << 63)), Errc::dump_format, first));
    EXPECT_TRUE(fails(FlatFile::open(put(first + 8, std::uint64_t{1} << 63)), Errc::dump_format, first));
    EXPECT_TRUE(fails(FlatFile::open(put(first, abi::flat_end)), Errc::dump_format, first));
    const auto too_long = put(first + 24 + 8, 1000);
    auto file = FlatFile::open(too_long);
    ASSERT_TRUE(succeeds(file));
    EXPECT_TRUE(file.value().truncated());
    EXPECT_EQ(content(file.value()), "aaaaaaaa");
    const auto unended = flattened({{0, filled(8, 'a')}}, false);
    file = FlatFile::open(unended);
    ASSERT_TRUE(succeeds(file));
    EXPECT_TRUE(file.value().truncated());
}

}  // namespace
}  // namespace kho
