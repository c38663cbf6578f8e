// SPDX-License-Identifier: GPL-2.0-or-later
// The purgatory's page tables, walked as the CPU walks them.
#include <optional>

#include "fake_machine.h"

namespace kexec_handover::test {
namespace {

std::optional<std::uint64_t> translate(std::span<const std::byte> rom, std::uint64_t address) {
    const auto entry = [&](std::uint64_t table, unsigned shift) {
        std::uint64_t v;
        std::memcpy(&v, rom.data() + (table - purgatory_base) + (address >> shift & 511) * 8, 8);
        return v;
    };
    std::uint64_t table = purgatory_base + 0x1000;
    for (const unsigned shift : {39u, 30u, 21u}) {
        const std::uint64_t e = entry(table, shift);
        if (!(e & 1))
            return std::nullopt;
        EXPECT_TRUE(e & 0x20) << "accessed must be preset in ROM";
        if (e & 0x80) {
            EXPECT_TRUE(e & 0x40) << "dirty must be preset in ROM";
            return (e & ~std::uint64_t{0x1fffff}) + (address & 0x1fffff);
        }
        table = e & ~std::uint64_t{0xfff};
    }
    return std::nullopt;
}

TEST(Purgatory, MapsTheFirstFourGibToThemselves) {
    const auto rom = make_purgatory();
    ASSERT_EQ(rom.size(), purgatory_size);
    for (const std::uint64_t address :
         {std::uint64_t{0}, std::uint64_t{0x12345678}, mmio_base, purgatory_base, 4 * gib - 1})
        EXPECT_EQ(translate(rom, address), address) << std::hex << address;
    EXPECT_EQ(translate(rom, 4 * gib), std::nullopt);
}

TEST(Purgatory, MapsTheNextKernelAboveFourGibToo) {
    auto rom = make_purgatory();
    const kho::Range ranges[] = {{kho::PhysAddr{5 * gib - 1}, 2}, {kho::PhysAddr{300 * gib}, mib}, {{}, 0}};
    ASSERT_TRUE(map_in_purgatory(rom, ranges));
    for (const std::uint64_t address : {5 * gib - 1, 5 * gib, 300 * gib + 77, mmio_base})
        EXPECT_EQ(translate(rom, address), address) << std::hex << address;
    EXPECT_EQ(translate(rom, 7 * gib), std::nullopt);
    // The next kexec starts from fresh tables.
    const kho::Range other[] = {{kho::PhysAddr{7 * gib}, 1}};
    ASSERT_TRUE(map_in_purgatory(rom, other));
    EXPECT_EQ(translate(rom, 7 * gib), 7 * gib);
    EXPECT_EQ(translate(rom, 300 * gib), std::nullopt);
}

TEST(Purgatory, RefusesWhatItCannotReachAndStaysAsItWas) {
    auto rom = make_purgatory();
    const auto before = rom;
    const kho::Range high[] = {{kho::PhysAddr{512 * gib - 1}, 2}};
    EXPECT_FALSE(map_in_purgatory(rom, high));
    const kho::Range wide[] = {{kho::PhysAddr{4 * gib}, 10 * gib}};
    EXPECT_FALSE(map_in_purgatory(rom, wide));
    EXPECT_TRUE(rom == before);
}

}  // namespace
}  // namespace kexec_handover::test
