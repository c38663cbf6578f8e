// SPDX-License-Identifier: GPL-2.0-or-later
// FDTs that libfdt must not be shown, and the code for each, which no version of libfdt may change. Without
// the check some of these end in an endless loop, or in a read far behind the FDT.
#include "fdt/base/internal/fdt_check.h"

#include <libfdt.h>

#include <algorithm>
#include <vector>

#include "fdt/abi/flat_tree.h"
#include "tests/unit/fdt/expect.h"

namespace kho {
namespace {

using Words = std::vector<std::uint32_t>;
constexpr std::uint32_t begin = 1, leave = 2, property = 3, nop = 4, end = 9;
constexpr std::uint32_t a_name = 0x61000000;  // "a"

// An FDT with this structure block, a reservation map of one empty entry, and one string, "x".
std::vector<std::byte> fdt_of(const Words &structure, std::uint32_t cut = 0) {
    const auto size = static_cast<std::uint32_t>(structure.size() * 4) - cut;
    const std::uint32_t start = 40 + 16, strings = start + size;
    std::vector<std::byte> bytes(strings + 2);
    const Words header = {0xd00dfeed, strings + 2, start, strings, 40, 17, 16, 0, 2, size};
    const auto put = [&bytes](std::size_t at, std::uint32_t word, std::size_t size_of = 4) {
        for (std::size_t i = 0; i < size_of; i++)
            bytes[at + i] = static_cast<std::byte>(word >> (24 - 8 * i) & 0xff);
    };
    for (std::size_t i = 0; i < header.size(); i++) put(4 * i, header[i]);
    for (std::size_t i = 0; i < structure.size(); i++)
        put(start + 4 * i, structure[i], std::min<std::size_t>(4, strings - (start + 4 * i)));
    bytes[strings] = std::byte{'x'};
    return bytes;
}

TEST(FdtCheck, TakesWhatIsSound) {
    for (const Words &structure :
         {Words{begin, 0, leave, end}, Words{begin, 0, nop, property, 5, 0, 0x1020304, 0x5000000, leave, end},
          Words{begin, 0, property, 0, 0, begin, a_name, leave, nop, leave, end}})
        EXPECT_EQ(check_fdt(fdt_of(structure)), 0);
}

TEST(FdtCheck, RefusesLengthsAndNamesThatLeadOutOfTheStructure) {
    const struct {
        const char *what;
        Words structure;
        std::uint32_t cut = 0;  // bytes missing at the end
    } cases[] = {
        {"a property that begins again", {begin, 0, property, 0xfffffff4, 0, leave, end}},
        {"a property of a length that is negative", {begin, 0, property, 0xfffffff5, 0, leave, end}},
        {"a property of the largest length", {begin, 0, property, 0xffffffff, 0, leave, end}},
        {"a property whose end wraps", {begin, 0, property, 0xfffffffc, 0, leave, end}},
        {"a property that is longer than the rest", {begin, 0, property, 11, 0, leave, end}},
        {"a property without a length", {begin, 0, property}},
        {"a property without a name", {begin, 0, property, 0}},
        {"a name without an end", {begin, 0x61616161, 0x61616161}},
        {"a token of no kind", {begin, 0, 7, leave, end}},
        {"no end", {begin, 0, leave}},
        {"half an end", {begin, 0, leave, end}, 2},
        {"nothing", {}},
    };
    for (const auto &c : cases) {
        const auto bytes = fdt_of(c.structure, c.cut);
        EXPECT_EQ(check_fdt(bytes), -FDT_ERR_BADSTRUCTURE) << c.what;
        // By itself as well, as the guest asks; its strings must not be taken for structure.
        EXPECT_FALSE(abi::flat_tree::tokens_are_sound(bytes.data() + 56, c.structure.size() * 4 - c.cut))
            << c.what;
    }
}

TEST(FdtCheck, RefusesWhatOnlyLibfdtFinds) {
    const struct {
        const char *what;
        Words structure;
        int code;
    } cases[] = {
        {"a node that does not end", {begin, 0, end}, FDT_ERR_BADSTRUCTURE},
        {"a node that ends twice", {begin, 0, leave, leave, end}, FDT_ERR_BADSTRUCTURE},
        {"two roots", {begin, 0, leave, begin, 0, leave, end}, FDT_ERR_BADSTRUCTURE},
        {"a root with a name", {begin, a_name, leave, end}, FDT_ERR_BADSTRUCTURE},
        {"a property behind the root", {begin, 0, leave, property, 0, 0, end}, FDT_ERR_BADSTRUCTURE},
        {"a property's name that is not among the strings",
         {begin, 0, property, 0, 2, leave, end},
         FDT_ERR_BADOFFSET},
    };
    for (const auto &c : cases) {
        const auto bytes = fdt_of(c.structure);
        EXPECT_TRUE(abi::is_sound_for_libfdt(bytes.data(), bytes.size())) << c.what;
        EXPECT_EQ(check_fdt(bytes), -c.code) << c.what;
    }
}

TEST(FdtCheck, RefusesHeadersThatLibfdtCannotBear) {
    const auto sound = fdt_of({begin, 0, leave, end});
    const struct {
        const char *what;
        std::size_t at;
        std::byte byte;
        int code;
    } cases[] = {
        {"another magic", 0, std::byte{0}, FDT_ERR_BADMAGIC},
        {"more bytes than there are", 6, std::byte{1}, FDT_ERR_TRUNCATED},
        {"a structure at an odd address", 11, std::byte{57}, FDT_ERR_BADOFFSET},
        {"a structure behind the end", 10, std::byte{9}, FDT_ERR_TRUNCATED},
        {"a structure behind the end, at an odd address", 8, std::byte{0xff}, FDT_ERR_TRUNCATED},
        {"strings behind the end", 14, std::byte{9}, FDT_ERR_TRUNCATED},
        {"reservations at an odd address", 19, std::byte{44}, FDT_ERR_BADOFFSET},
        {"reservations behind the end", 18, std::byte{9}, FDT_ERR_TRUNCATED},
        {"an old version", 23, std::byte{15}, FDT_ERR_BADVERSION},
    };
    EXPECT_TRUE(abi::is_sound_for_libfdt(sound.data(), sound.size()));
    EXPECT_FALSE(abi::is_sound_for_libfdt(sound.data(), 39));
    EXPECT_EQ(check_fdt(std::span(sound).first(39)), -FDT_ERR_TRUNCATED);
    for (const auto &c : cases) {
        auto bytes = sound;
        bytes[c.at] = c.byte;
        EXPECT_EQ(check_fdt(bytes), -c.code) << c.what;
        EXPECT_FALSE(abi::is_sound_for_libfdt(bytes.data(), bytes.size())) << c.what;
    }
}

TEST(FdtCheck, TakesEachVersionThatAReaderOfVersion17CanRead) {
    const struct {
        std::byte version, last_compatible;
        int result;
    } cases[] = {
        {std::byte{16}, std::byte{16}, 0},
        {std::byte{18}, std::byte{17}, 0},
        {std::byte{18}, std::byte{18}, -FDT_ERR_BADVERSION},
        {std::byte{16}, std::byte{17}, -FDT_ERR_BADVERSION},
    };
    for (const auto &c : cases) {
        auto bytes = fdt_of({begin, 0, leave, end});
        bytes[23] = c.version;
        bytes[27] = c.last_compatible;
        EXPECT_EQ(check_fdt(bytes), c.result) << std::to_integer<int>(c.version);
    }
}

}  // namespace
}  // namespace kho
