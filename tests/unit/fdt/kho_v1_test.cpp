// SPDX-License-Identifier: GPL-2.0-or-later
// The KHO FDT, the scratch array, and whole handovers.
#include "fdt/formats/releases.h"
#include "fdt/write/internal/fdt.h"

#include <libfdt.h>

#include <functional>
#include <random>

#include "tests/unit/fdt/handover_image.h"
#include "tests/unit/fdt/random_blocks.h"

namespace kho {
namespace {

using handover_image::fdt_at;
using handover_image::luo_fdt_at;
using handover_image::map_at;
using handover_image::scratch_array_at;

TEST(KhoV1Fdt, IsOnePageWithIntegersInCpuByteOrder) {
    const Subtree subtrees[] = {{.name = "LUO", .address = PhysAddr{0x123456000}, .size = page_size}};
    const auto fdt = write_kho_fdt(kho_v1, PhysAddr{0xabcd000}, subtrees);
    ASSERT_TRUE(succeeds(fdt));
    const void *blob = fdt.value().data();
    ASSERT_EQ(fdt.value().size(), page_size);
    ASSERT_EQ(fdt_check_full(blob, page_size), 0);
    EXPECT_LE(fdt_totalsize(blob), page_size);
    EXPECT_STREQ(static_cast<const char *>(fdt_getprop(blob, 0, "compatible", nullptr)), "kho-v1");
    int length = 0;
    std::uint64_t number = 0;
    const void *map = fdt_getprop(blob, 0, "preserved-memory-map", &length);
    ASSERT_EQ(length, 8);
    std::memcpy(&number, map, sizeof number);
    EXPECT_EQ(number, 0xabcd000u);
    const void *address = fdt_getprop(blob, fdt_subnode_offset(blob, 0, "LUO"), "fdt", &length);
    ASSERT_EQ(length, 8);
    std::memcpy(&number, address, sizeof number);
    EXPECT_EQ(number, 0x123456000u);
}

TEST(KhoV1Fdt, SubtreesThatDoNotFitIntoAPageAreRefused) {
    std::vector<Subtree> subtrees;
    while (subtrees.size() < 32)
        subtrees.push_back(
            {.name = "subtree-" + std::to_string(subtrees.size()), .address = PhysAddr{page_size}});
    EXPECT_TRUE(succeeds(write_kho_fdt(kho_v1, PhysAddr{0x1000}, subtrees)));
    while (subtrees.size() < 200)
        subtrees.push_back(
            {.name = "subtree-" + std::to_string(subtrees.size()), .address = PhysAddr{page_size}});
    EXPECT_TRUE(fails(write_kho_fdt(kho_v1, PhysAddr{0x1000}, subtrees), Errc::fdt_full, 0));
}

TEST(KhoV1, AWholeHandoverIsReadBackAsItWasWritten) {
    TestMemory memory;
    const Handover handover = sample_handover();
    const auto read = read_handover(memory, put_handover(memory, handover));
    ASSERT_TRUE(succeeds(read));
    EXPECT_TRUE(without_uses(read.value()) == handover);
}

TEST(KhoV1, AnyHandoverIsReadBackAsItWasWritten) {
    for (std::uint64_t seed = 1; seed <= 100; seed++) {
        std::mt19937_64 random(seed);
        std::vector<LuoSession> sessions(random() % 6);
        for (std::size_t i = 0; i < sessions.size(); i++) {
            sessions[i].name = std::string(1 + random() % 60, 's') + std::to_string(i);
            sessions[i].files.resize(random() % 3 == 0 ? random() % 129 : random() % 3);
            for (std::size_t j = 0; j < sessions[i].files.size(); j++)
                sessions[i].files[j] = {.compatible = std::string(1 + random() % 47, 'c'),
                                        .data = random(),
                                        .token = (random() << 8) + j};
        }
        std::vector<Range> scratch;
        for (std::uint64_t i = 0; i < 1 + random() % 5; i++)
            scratch.push_back({PhysAddr{0x10000000 + i * 0x1000000}, random() % 0x1000 * page_size});
        scratch.push_back({PhysAddr{0x100000}, page_size});
        Handover handover =
            make_handover(random_blocks(random, PhysAddr{0x100000000}, random() % 30), scratch, sessions);
        handover.preserved = joined(handover.preserved);
        TestMemory memory;
        const auto read = read_handover(memory, put_handover(memory, handover));
        ASSERT_TRUE(succeeds(read)) << "seed " << seed;
        ASSERT_TRUE(without_uses(read.value()) == handover) << "seed " << seed;
    }
}

TEST(KhoV1, AHandoverWithoutLuoIsLegal) {
    TestMemory memory;
    Handover handover = sample_handover();
    handover.luo.reset();
    handover.subtrees.pop_back();
    const auto read = read_handover(memory, put_handover(memory, handover));
    ASSERT_TRUE(succeeds(read));
    EXPECT_TRUE(without_uses(read.value()) == handover);
}

}  // namespace
}  // namespace kho
