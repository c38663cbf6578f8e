// SPDX-License-Identifier: GPL-2.0-or-later
// The KHO FDT, the scratch array, and whole handovers.
#include "fdt/kho_v1.h"

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
    const auto fdt = write_kho_v1_fdt(PhysAddr{0xabcd000}, subtrees);
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
    EXPECT_TRUE(succeeds(write_kho_v1_fdt(PhysAddr{0x1000}, subtrees)));
    while (subtrees.size() < 200)
        subtrees.push_back(
            {.name = "subtree-" + std::to_string(subtrees.size()), .address = PhysAddr{page_size}});
    EXPECT_TRUE(fails(write_kho_v1_fdt(PhysAddr{0x1000}, subtrees), Errc::fdt_full, 0));
}

TEST(KhoV1, AWholeHandoverIsReadBackAsItWasWritten) {
    TestMemory memory;
    const Handover handover = sample_handover();
    const auto read = read_kho_v1(memory, put_handover(memory, handover));
    ASSERT_TRUE(succeeds(read));
    EXPECT_TRUE(read.value() == handover);
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
        const auto read = read_kho_v1(memory, put_handover(memory, handover));
        ASSERT_TRUE(succeeds(read)) << "seed " << seed;
        ASSERT_TRUE(read.value() == handover) << "seed " << seed;
    }
}

TEST(KhoV1, AHandoverWithoutLuoIsLegal) {
    TestMemory memory;
    Handover handover = sample_handover();
    handover.luo.reset();
    handover.subtrees.pop_back();
    const auto read = read_kho_v1(memory, put_handover(memory, handover));
    ASSERT_TRUE(succeeds(read));
    EXPECT_TRUE(read.value() == handover);
}

class KhoV1Reader : public testing::Test {
protected:
    KhoV1Reader() : data(put_handover(memory, sample_handover())) {}

    Result<Handover> read() { return read_kho_v1(memory, data); }

    // Edits the FDT in place, as the writer would not.
    void edit_fdt(const std::function<void(void *)> &how) {
        std::vector<std::byte> page(page_size);
        ASSERT_TRUE(succeeds(memory.read(fdt_at, page)));
        ASSERT_EQ(fdt_open_into(page.data(), page.data(), static_cast<int>(page.size())), 0);
        how(page.data());
        memory.put(fdt_at, std::span<const std::byte>(page));
    }

    TestMemory memory;
    abi::kho_data data;
};

TEST_F(KhoV1Reader, AcceptsWhatTheCasesBelowBreak) { EXPECT_TRUE(succeeds(read())); }

TEST_F(KhoV1Reader, RejectsADataNodeThatLies) {
    const std::uint64_t scratch = value(scratch_array_at);
    const struct {
        const char *name;
        std::function<void(abi::kho_data &)> change;
        Errc code;
        std::uint64_t address;
    } cases[] = {
        {"FDT at 0", [](auto &d) { d.fdt_addr = 0; }, Errc::fdt_header, 0},
        {"FDT unaligned", [](auto &d) { d.fdt_addr += 8; }, Errc::fdt_header, value(fdt_at) + 8},
        {"FDT nowhere", [](auto &d) { d.fdt_addr = 0x5000; }, Errc::outside_memory, 0x5000},
        {"FDT of no bytes", [](auto &d) { d.fdt_size = 0; }, Errc::fdt_header, value(fdt_at)},
        {"FDT shorter than itself", [](auto &d) { d.fdt_size = 64; }, Errc::fdt_header, value(fdt_at)},
        {"FDT of two pages", [](auto &d) { d.fdt_size = 8192; }, Errc::fdt_header, value(fdt_at)},
        {"FDT of 2^64 - 1 bytes", [](auto &d) { d.fdt_size = ~0ull; }, Errc::fdt_header, value(fdt_at)},
        {"scratch at 0", [](auto &d) { d.scratch_addr = 0; }, Errc::scratch_array, 0},
        {"scratch nowhere", [](auto &d) { d.scratch_addr = 0x6000; }, Errc::outside_memory, 0x6000},
        {"no scratch", [](auto &d) { d.scratch_size = 0; }, Errc::scratch_array, scratch},
        {"half an area", [](auto &d) { d.scratch_size -= 8; }, Errc::scratch_array, scratch},
        {"2^60 - 1 areas", [](auto &d) { d.scratch_size = 0 - 16ull; }, Errc::scratch_array, scratch},
    };
    for (const auto &c : cases) {
        const abi::kho_data original = data;
        c.change(data);
        EXPECT_TRUE(fails(read(), c.code, c.address)) << c.name;
        data = original;
    }
}

TEST_F(KhoV1Reader, RejectsScratchAreasThatCannotBe) {
    const struct {
        const char *name;
        abi::kho_scratch area;  // put in place of the third
    } cases[] = {
        {"unaligned", {0x8000800, 0x1000}},
        {"half a page", {0x8000000, 0x800}},
        {"wraps", {0xfffffffffffff000, 0x2000}},
        {"overlaps the first", {0x4ff000, 0x2000}},
        {"holds preserved memory", {0x2201000, 0x1000}},
    };
    for (const auto &c : cases) {
        memory.put(scratch_array_at + 2 * sizeof c.area, c.area);
        EXPECT_TRUE(fails(read(), Errc::scratch_array, value(scratch_array_at), 2)) << c.name;
    }
    data.scratch_addr += sizeof(abi::kho_scratch);
    data.scratch_size = sizeof(abi::kho_scratch);
    EXPECT_TRUE(fails(read(), Errc::scratch_array, data.scratch_addr)) << "only an empty area";
}

TEST_F(KhoV1Reader, RejectsAnFdtThatLies) {
    std::vector<std::byte> original(page_size);
    ASSERT_TRUE(succeeds(memory.read(fdt_at, original)));
    const auto set = [](const char *node, const char *property, auto number) {
        return [=](void *fdt) {
            const int at = fdt_path_offset(fdt, node);
            ASSERT_GE(at, 0);
            ASSERT_EQ(fdt_setprop(fdt, at, property, &number, sizeof number), 0);
        };
    };
    const auto remove = [](const char *node, const char *property) {
        return [=](void *fdt) { ASSERT_EQ(fdt_delprop(fdt, fdt_path_offset(fdt, node), property), 0); };
    };
    const std::uint64_t at = value(fdt_at);
    const struct {
        const char *name;
        std::function<void(void *)> edit;
        Errc code;
        std::uint64_t address, index;
    } cases[] = {
        {"not an FDT", [](void *fdt) { std::memset(fdt, 0, 4); }, Errc::fdt_header, at, 0},
        {"totalsize over a page", [](void *fdt) { fdt_set_totalsize(fdt, 4097); }, Errc::fdt_header, at, 0},
        {"structure beyond the end", [](void *fdt) { fdt_set_off_dt_struct(fdt, 4096); }, Errc::fdt_header,
         at, 0},
        {"another generation",
         [](void *fdt) { ASSERT_EQ(fdt_setprop_string(fdt, 0, "compatible", "kho-v4"), 0); },
         Errc::compatible_unknown, at, 0},
        {"compatible that goes on",
         [](void *fdt) { ASSERT_EQ(fdt_setprop(fdt, 0, "compatible", "kho-v1\0x", 9), 0); },
         Errc::compatible_unknown, at, 0},
        {"compatible without its NUL",
         [](void *fdt) { ASSERT_EQ(fdt_setprop(fdt, 0, "compatible", "kho-v1", 6), 0); },
         Errc::compatible_unknown, at, 0},
        {"empty compatible", [](void *fdt) { ASSERT_EQ(fdt_setprop(fdt, 0, "compatible", "", 0), 0); },
         Errc::compatible_unknown, at, 0},
        {"no compatible", remove("/", "compatible"), Errc::property_missing, at, 0},
        {"no map", remove("/", "preserved-memory-map"), Errc::property_missing, at, 0},
        {"map of 4 bytes", set("/", "preserved-memory-map", 0u), Errc::property_length, at, 0},
        {"map at 0", set("/", "preserved-memory-map", 0ull), Errc::map_address, 0, 0},
        {"map unaligned", set("/", "preserved-memory-map", 0x40000004ull), Errc::map_address, 0x40000004, 0},
        {"map nowhere", set("/", "preserved-memory-map", 0x7000ull), Errc::outside_memory, 0x7000, 0},
        {"subtree without address", remove("/LUO", "fdt"), Errc::property_missing, at, 0},
        {"subtree with half an address", set("/LUO", "fdt", 0u), Errc::property_length, at, 0},
        {"subtree at 0", set("/LUO", "fdt", 0ull), Errc::subtree_address, at, 1},
        {"subtree unaligned", set("/memblock", "fdt", 0x2000010ull), Errc::subtree_address, at, 0},
        {"LUO that is not an FDT", set("/LUO", "fdt", value(map_at)), Errc::fdt_header, value(map_at), 0},
    };
    for (const auto &c : cases) {
        memory.put(fdt_at, std::span<const std::byte>(original));
        edit_fdt(c.edit);
        EXPECT_TRUE(fails(read(), c.code, c.address, c.index)) << c.name;
    }
}

TEST_F(KhoV1Reader, QuotesTheVersionThatItDoesNotKnow) {
    edit_fdt([](void *fdt) { ASSERT_EQ(fdt_setprop_string(fdt, 0, "compatible", "kho-v4"), 0); });
    EXPECT_EQ(read().error().message(),
              "compatible_unknown at 0x1001000: expected \"kho-v1\", seen \"kho-v4\"");
}

TEST_F(KhoV1Reader, LooksForTheLuoFdtWhereTheSubtreeSays) {
    memory.remove_page(luo_fdt_at);
    EXPECT_TRUE(fails(read(), Errc::outside_memory, value(luo_fdt_at)));
}

}  // namespace
}  // namespace kho
