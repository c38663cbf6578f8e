// SPDX-License-Identifier: GPL-2.0-or-later
// The search: what is found, how sure it is, and what is not taken for a handover.
#include "fdt/search/find.h"

#include <algorithm>
#include <functional>
#include <random>

#include "tests/unit/fdt/expect.h"
#include "tests/unit/fdt/image_test_memory.h"

namespace kho {
namespace {

constexpr PhysAddr params_at{0x9000}, node_at{0x9fc4}, scratch_at{0x20000}, map_at{0x21000}, kho_at{0x22000},
    luo_at{0x23000}, memblock_at{0x24000}, root_at{0x25000}, test_at{0x26000}, copy_at{0x30a30};

abi::kho_data data_of(PhysAddr fdt) {
    return {
        .fdt_addr = value(fdt), .fdt_size = page_size, .scratch_addr = value(scratch_at), .scratch_size = 32};
}

struct LuoRoot {
    char version[8] = "luo-v5";
    std::uint64_t number = 1, sessions = 0, flbs = 0;
};

//  0x9000  boot_params -> 0x9fc4 setup_data -> 0x22000 KHO FDT -> LUO, memblock, a root of luo-v5, kho_test
//  0x30a30 the kernel's copy of the boot_params
class Find : public testing::Test {
protected:
    Find() {
        put_boot_params(memory, params_at, node_at);
        put_boot_params(memory, copy_at, node_at);
        put_setup_data(memory, node_at, PhysAddr{0}, data_of(kho_at));
        memory.put(scratch_at, abi::kho_scratch{0x1000000, 0x1000000});
        memory.put_page(map_at);
        put_kho_fdt(memory, kho_at, map_at,
                    {{"LUO", luo_at}, {"memblock", memblock_at}, {"root", root_at}, {"kho_test", test_at}});
        put_fdt(memory, luo_at, "luo-v1");
        put_fdt(memory, memblock_at, "memblock-v1");
        memory.put(root_at, LuoRoot{});
        put_fdt(memory, test_at, "kho-test-v1");
    }
    // "address kind certainty compatible", one a line.
    std::string found() const {
        std::string text;
        for (const Found &f : find(memory).found)
            text += hex(value(f.address)) + " " + f.kind_name() + " " + name(f.certainty) +
                    (f.compatible.empty() ? "" : " " + f.compatible) + "\n";
        return text;
    }
    Found at(PhysAddr address) const {
        for (const Found &f : find(memory).found)
            if (f.address == address)
                return f;
        return {};
    }

    ImageTestMemory memory;
};

TEST_F(Find, FindsAllPartsAndWhoPointsToThem) {
    EXPECT_EQ(found(),
              "0x9000 boot_params certain\n"
              "0x9fc4 setup_data certain\n"
              "0x22000 KHO FDT certain kho-v1\n"
              "0x23000 LUO FDT certain luo-v1\n"
              "0x24000 memblock FDT certain memblock-v1\n"
              "0x25000 LUO root certain luo-v5\n"
              "0x26000 FDT certain kho-test-v1\n"
              "0x30a30 boot_params certain\n");
    EXPECT_EQ(at(kho_at).why, "from setup_data at 0x9fc4");
    EXPECT_EQ(at(luo_at).why, "\"LUO\" of the KHO FDT at 0x22000");
    for (const PhysAddr address : {params_at, node_at, kho_at}) {
        ASSERT_TRUE(at(address).data) << hex(value(address));
        EXPECT_EQ(at(address).data->scratch_addr, value(scratch_at));
    }
    const FindResult result = find(memory);
    EXPECT_EQ(result.bytes, memory.ranges().bytes());
    EXPECT_EQ(result.unreadable, 0u);
    EXPECT_FALSE(result.truncated);
}

TEST_F(Find, TakesThePropertyNamesOfLaterReleases) {
    put_kho_fdt(memory, kho_at, map_at, {{"LUO", root_at}}, "kho-v4", "preserved-data");
    EXPECT_EQ(at(kho_at).compatible, "kho-v4");
    EXPECT_EQ(at(root_at).certainty, Certainty::certain);
    EXPECT_EQ(at(luo_at).certainty, Certainty::likely);
    EXPECT_EQ(at(luo_at).why, "nothing found points here");
}

TEST_F(Find, IsLessSureWhereSomethingIsWrong) {
    const auto damage_kho = [](ImageTestMemory &m) { m.put(kho_at + 8, ~std::uint32_t{0}); };
    const struct {
        const char *name;
        std::function<void(ImageTestMemory &)> change;
        PhysAddr address;
        Certainty certainty;
        const char *why;
    } cases[] = {
        {"no boot_params",
         [](auto &m) {
             for (const PhysAddr a : {params_at, copy_at}) m.put(a + abi::boot_params::header_magic, 0);
         },
         node_at, Certainty::likely, "no boot_params found that lead here"},
        {"no boot_params, the FDT",
         [](auto &m) {
             for (const PhysAddr a : {params_at, copy_at}) m.put(a + abi::boot_params::header_magic, 0);
         },
         kho_at, Certainty::certain, "from setup_data at 0x9fc4"},
        {"no setup_data", [](auto &m) { m.put(node_at + 8, 9); }, kho_at, Certainty::likely,
         "nothing found points here"},
        {"no setup_data, boot_params", [](auto &m) { m.put(node_at + 8, 9); }, params_at, Certainty::likely,
         "1 setup_data, none of KHO"},
        {"no memory map either",
         [](auto &m) {
             m.put(node_at + 8, 9);
             m.put(params_at + abi::boot_params::e820_entries, std::uint8_t{0});
         },
         params_at, Certainty::possible, "no memory map"},
        {"a damaged FDT", damage_kho, kho_at, Certainty::possible, "the FDT is damaged: FDT_ERR_TRUNCATED"},
        {"a damaged FDT, its node", damage_kho, node_at, Certainty::possible,
         "no KHO FDT at 0x22000: the FDT is damaged: FDT_ERR_TRUNCATED"},
        {"a damaged FDT, boot_params", damage_kho, params_at, Certainty::possible,
         "no KHO FDT at 0x22000: the FDT is damaged: FDT_ERR_TRUNCATED"},
        {"a damaged FDT, its subtree", damage_kho, luo_at, Certainty::likely, "nothing found points here"},
        {"an FDT of another kind", [](auto &m) { put_fdt(m, kho_at, "luo-v1"); }, node_at,
         Certainty::possible, "the FDT at 0x22000 is not KHO's but \"luo-v1\""},
        {"an FDT that is gone", [](auto &m) { m.put(node_at + 16, std::uint64_t{0x7000000}); }, node_at,
         Certainty::possible, "the KHO FDT at 0x7000000 is not in memory"},
        {"a map that is gone", [](auto &m) { put_kho_fdt(m, kho_at, PhysAddr{0x7000000}, {}); }, kho_at,
         Certainty::possible, "preserved-memory-map 0x7000000 is not a page of memory"},
        {"a map that is not a page", [](auto &m) { put_kho_fdt(m, kho_at, map_at + 8, {}); }, kho_at,
         Certainty::possible, "preserved-memory-map 0x21008 is not a page of memory"},
        {"no map yet", [](auto &m) { put_kho_fdt(m, kho_at, PhysAddr{0}, {}); }, kho_at, Certainty::certain,
         "from setup_data at 0x9fc4"},
        {"no map at all", [](auto &m) { put_fdt(m, kho_at, "kho-v1"); }, kho_at, Certainty::possible,
         "no preserved-memory-map of 8 bytes"},
        {"an empty scratch array", [](auto &m) { m.put(node_at + 40, std::uint64_t{0}); }, node_at,
         Certainty::possible, "a scratch array of 0x0 bytes"},
        {"half a scratch area", [](auto &m) { m.put(node_at + 40, std::uint64_t{24}); }, node_at,
         Certainty::possible, "a scratch array of 0x18 bytes"},
        {"a scratch array that is gone", [](auto &m) { m.put(node_at + 32, std::uint64_t{0x7000000}); },
         node_at, Certainty::possible, "the scratch array at 0x7000000 is not in memory"},
        {"a LUO root of another version", [](auto &m) { m.put(root_at, LuoRoot{.version = "luo-v7"}); },
         root_at, Certainty::possible, "a LUO root of version \"luo-v7\""},
        {"a chain in a circle", [](auto &m) { m.put(node_at, value(node_at)); }, params_at,
         Certainty::certain, "setup_data at 0x9fc4 announces a KHO FDT"},
        {"a chain that leads nowhere",
         [](auto &m) { m.put(params_at + abi::boot_params::setup_data, std::uint64_t{0x7000000}); },
         params_at, Certainty::possible, "setup_data at 0x7000000 is not in memory"},
        {"a chain that ends at the last address",
         [](auto &m) { m.put(params_at + abi::boot_params::setup_data, ~std::uint64_t{0}); }, params_at,
         Certainty::possible, "setup_data at 0xffffffffffffffff is not in memory"},
    };
    for (const auto &c : cases) {
        const ImageTestMemory saved = memory;
        c.change(memory);
        const Found found = at(c.address);
        EXPECT_STREQ(name(found.certainty), name(c.certainty)) << c.name;
        EXPECT_EQ(found.why, c.why) << c.name;
        memory = saved;
    }
}

TEST_F(Find, DoesNotTakeLookalikesForBootParamsOrNodes) {
    ImageTestMemory others;
    // A kernel file in memory: no boot loader has filled it in.
    put_boot_params(others, PhysAddr{0x1000}, PhysAddr{0});
    others.put(PhysAddr{0x1000} + abi::boot_params::type_of_loader, std::uint8_t{0});
    put_boot_params(others, PhysAddr{0x3000}, PhysAddr{0});
    others.put(PhysAddr{0x3000} + abi::boot_params::boot_flag, std::uint16_t{0});
    put_boot_params(others, PhysAddr{0x5000}, PhysAddr{0});
    others.put(PhysAddr{0x5000} + abi::boot_params::version, std::uint16_t{0x0208});
    put_boot_params(others, PhysAddr{0x7000}, PhysAddr{0});
    others.put(PhysAddr{0x7000} + abi::boot_params::e820_entries, std::uint8_t{129});
    put_boot_params(others, PhysAddr{0x9008}, PhysAddr{0});  // not on the grid
    put_setup_data(others, PhysAddr{0xb000}, PhysAddr{0}, data_of(PhysAddr{0x1008}));
    put_setup_data(others, PhysAddr{0xb102}, PhysAddr{0}, data_of(PhysAddr{0x1000}));
    put_setup_data(others, PhysAddr{0xb200}, PhysAddr{0},
                   {.fdt_addr = 0x1000, .fdt_size = 4095, .scratch_addr = 0, .scratch_size = 0});
    const std::string magic = "\xd0\x0d\xfe\xed";
    others.put(PhysAddr{0xc008}, std::as_bytes(std::span(magic)));  // no page's start
    EXPECT_TRUE(find(others).found.empty());
}

TEST_F(Find, FindsNodesAtAnyPlaceInAPageAndAcrossPages) {
    for (std::uint64_t offset = 0; offset < page_size; offset += 4) {
        ImageTestMemory all = memory;
        const PhysAddr other = PhysAddr{0x50000} + offset;
        put_setup_data(all, other, PhysAddr{0}, data_of(kho_at));
        const auto found = find(all).found;
        ASSERT_TRUE(std::ranges::any_of(found, [&](const Found &f) {
            return f.address == other && f.kind == FoundKind::setup_data;
        })) << offset;
    }
}

TEST_F(Find, WhatCannotBeReadIsCountedAndTheRestIsSearched) {
    memory.put_page(PhysAddr{0x27000});
    memory.spoil(PhysAddr{0x27000});
    memory.spoil(memblock_at);
    const FindResult result = find(memory);
    EXPECT_EQ(result.unreadable, 2 * page_size);
    EXPECT_EQ(result.bytes, memory.ranges().bytes() - 2 * page_size);
    EXPECT_EQ(result.found.size(), 7u);
}

TEST_F(Find, AddsUpWhatTheMapPreserves) {
    constexpr PhysAddr bitmap_at{0x28000};
    const auto found_map = [this]() -> std::optional<FoundMap> {
        for (const Found &f : find(memory, {.maps = true}).found)
            if (f.address == kho_at) {
                EXPECT_EQ(f.certainty, Certainty::certain);
                return f.map;
            }
        return std::nullopt;
    };
    EXPECT_FALSE(at(kho_at).map) << "it was not asked for";
    abi::mem_chunk chunk{.next = 0, .order = 4, .num_elms = 1, .bitmaps = {{0, value(bitmap_at)}}};
    memory.put(map_at, chunk);
    memory.put(bitmap_at, std::uint64_t{0x8001});
    std::optional<FoundMap> map = found_map();
    ASSERT_TRUE(map);
    EXPECT_EQ(map->blocks, 2u);
    EXPECT_EQ(map->bytes, 2 * order_bytes(4));
    EXPECT_EQ(map->errors, 0u);

    chunk.next = value(bitmap_at);  // which is not a chunk
    memory.put(map_at, chunk);
    map = found_map();
    ASSERT_TRUE(map);
    EXPECT_EQ(map->blocks, 2u);
    EXPECT_EQ(map->errors, 1u);

    put_kho_fdt(memory, kho_at, map_at, {}, "kho-v2");
    EXPECT_FALSE(found_map()) << "its format is unknown";
}

// Each page of the memory is read as part of a map about once, however many FDTs lead to it.
TEST_F(Find, ReadsNoMoreMapsThanThereIsMemory) {
    constexpr std::uint64_t count = 100;
    constexpr PhysAddr fdts{0x1000000}, chunks{0x2000000};
    for (std::uint64_t i = 0; i < count; i++) {
        put_kho_fdt(memory, fdts + i * page_size, chunks, {});
        const std::uint64_t next = i + 1 < count ? value(chunks + (i + 1) * page_size) : 0;
        memory.put(chunks + i * page_size,
                   abi::mem_chunk{.next = next, .order = 0, .num_elms = 0, .bitmaps = {}});
    }
    const FindResult result = find(memory, {.maps = true});
    const auto read = std::ranges::count_if(result.found, [](const Found &f) { return f.map.has_value(); });
    EXPECT_GE(read, 2);
    EXPECT_LE(read, 4);
}

TEST_F(Find, EndsAtItsLimit) {
    const FindResult result = find(memory, {.limit = 3});
    EXPECT_EQ(result.found.size(), 3u);
    EXPECT_TRUE(result.truncated);
}

TEST_F(Find, RandomDamageNeverMakesItStray) {
    for (std::uint32_t seed = 0; seed < 300; seed++) {
        std::mt19937 random(seed);
        ImageTestMemory damaged = memory;
        for (unsigned i = 0; i < 20; i++) {
            const auto ranges = memory.ranges().ranges();
            const Range range = ranges[random() % ranges.size()];
            damaged.put(range.start + random() % 0x400, static_cast<std::uint8_t>(random()));
        }
        for (const Found &f : find(damaged).found) {
            ASSERT_TRUE(damaged.ranges().contains({f.address, 1}));
            ASSERT_FALSE(f.why.empty());
        }
    }
}

}  // namespace
}  // namespace kho
