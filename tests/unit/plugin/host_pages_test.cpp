// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/host_pages.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

namespace qemu {
namespace {

constexpr std::size_t page = 4096, pages = 64;

struct Area {
    std::byte *at = static_cast<std::byte *>(
        mmap(nullptr, pages *page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    Area() { madvise(at, pages * page, MADV_NOHUGEPAGE); }
    ~Area() { munmap(at, pages * page); }
};

std::vector<std::pair<std::uint64_t, std::uint64_t>> touched(std::span<const std::byte> memory) {
    std::vector<HostRun> runs;
    find_touched(memory, runs);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> result;
    for (const HostRun &run : runs) result.emplace_back(run.offset, run.size);
    return result;
}

TEST(HostPages, NeverWrittenAreNotTouched) {
    Area area;
    EXPECT_TRUE(touched({area.at, pages * page}).empty());
}

TEST(HostPages, WrittenOnesAreFoundAsRuns) {
    Area area;
    for (const std::size_t i : {0u, 5u, 6u, 7u, 63u}) area.at[i * page + 100] = std::byte{1};
    EXPECT_EQ(touched({area.at, pages * page}), (std::vector<std::pair<std::uint64_t, std::uint64_t>>{
                                                    {0, page}, {5 * page, 3 * page}, {63 * page, page}}));
}

TEST(HostPages, AreCutToTheMemoryAskedFor) {
    Area area;
    area.at[5 * page] = std::byte{1};
    EXPECT_EQ(touched({area.at + 5 * page + 16, 32}),
              (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{0, 32}}));
    EXPECT_TRUE(touched({area.at + 4 * page, page}).empty());
}

TEST(HostPages, OfAFileAreItsData) {
    const int file = memfd_create("host-pages", 0);
    ASSERT_GE(file, 0);
    ASSERT_EQ(ftruncate(file, pages * page), 0);
    const auto data = [&](std::uint64_t start, std::uint64_t size) {
        std::vector<HostRun> runs;
        find_data(file, start, size, runs);
        std::vector<std::pair<std::uint64_t, std::uint64_t>> result;
        for (const HostRun &run : runs) result.emplace_back(run.offset, run.size);
        return result;
    };
    using Runs = std::vector<std::pair<std::uint64_t, std::uint64_t>>;
    EXPECT_EQ(data(0, pages * page), Runs{});
    for (const std::size_t i : {5u, 6u, 63u})
        ASSERT_EQ(pwrite(file, "x", 1, static_cast<off_t>(i * page)), 1);
    EXPECT_EQ(data(0, pages * page), (Runs{{5 * page, 2 * page}, {63 * page, page}}));
    EXPECT_EQ(data(6 * page, 2 * page), (Runs{{0, page}}));
    EXPECT_EQ(data(7 * page, 10 * page), Runs{});
    close(file);
    // Where holes cannot be found, everything is data.
    EXPECT_EQ(data(0, page), (Runs{{0, page}}));
}

TEST(HostPages, CanBeAsked) { EXPECT_TRUE(open_pagemap()); }

}  // namespace
}  // namespace qemu
