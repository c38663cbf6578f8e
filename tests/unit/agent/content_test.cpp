// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/manifest/pattern.h"

#include <gtest/gtest.h>

#include <vector>

using agent::Layout;

namespace {

std::vector<std::byte> content(std::size_t size, Layout layout, std::uint64_t offset) {
    std::vector<std::byte> bytes(size, std::byte{0xaa});
    agent::make_content(bytes, 0x1122334455667788, layout, offset);
    return bytes;
}

TEST(Content, BeginsWithTheSeedAndEndsWithinAWord) {
    const std::vector<std::byte> expected{std::byte{0x88}, std::byte{0x77}, std::byte{0x66}};
    EXPECT_EQ(content(3, Layout::full, 0), expected);
}

TEST(Content, IsTheSameInOnePieceAsInTwo) {
    for (const Layout layout : {Layout::full, Layout::holes, Layout::only_hole}) {
        const std::vector<std::byte> whole = content(10 * 4096 + 5, layout, 0);
        std::vector<std::byte> pieces = content(9 * 4096 + 8, layout, 0);
        const std::vector<std::byte> rest = content(4096 - 3, layout, 9 * 4096 + 8);
        pieces.insert(pieces.end(), rest.begin(), rest.end());
        EXPECT_EQ(whole, pieces);
    }
}

TEST(Content, OfHolesIsZero) {
    const std::vector<std::byte> bytes = content(24 * 4096, Layout::holes, 0);
    for (std::size_t page = 0; page < 24; page++) {
        const bool zero = bytes[page * 4096] == std::byte{} && bytes[page * 4096 + 4095] == std::byte{};
        EXPECT_EQ(zero, page < 8 || page >= 16) << page;
    }
}

}  // namespace
