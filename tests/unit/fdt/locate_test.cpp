// SPDX-License-Identifier: GPL-2.0-or-later
// Where the handover of an image is, and who said so.
#include "fdt/search/locate.h"

#include "tests/temporary_folder.h"
#include "tests/unit/fdt/expect.h"
#include "tests/unit/fdt/image_test_memory.h"
#include "tests/unit/fdt/recording.h"

namespace kho {
namespace {

constexpr PhysAddr params_at{0x9000}, node_at{0x9f00}, scratch_at{0x20000}, fdt_at{0x22000},
    other_fdt_at{0x24000}, second_params_at{0x30000}, second_node_at{0x31000};

abi::kho_data data_of(PhysAddr fdt, std::uint64_t scratch_size = 32) {
    return {.fdt_addr = value(fdt),
            .fdt_size = page_size,
            .scratch_addr = value(scratch_at),
            .scratch_size = scratch_size};
}

class Locate : public testing::Test {
protected:
    Locate() {
        memory.put(scratch_at, abi::kho_scratch{0x1000000, 0x1000000});
        put_kho_fdt(memory, fdt_at, PhysAddr{0}, {});
    }
    void announce(PhysAddr params, PhysAddr node, const abi::kho_data &data) {
        put_boot_params(memory, params, node);
        put_setup_data(memory, node, PhysAddr{0}, data);
    }
    // The memory as a raw image.
    Image image() const {
        std::vector<std::byte> bytes(0x40000);
        for (const Range &range : memory.ranges().ranges())
            EXPECT_TRUE(
                succeeds(memory.read(range.start, std::span(bytes).subspan(value(range.start), range.size))));
        auto opened = Image::open(MappedFile::from_bytes(std::move(bytes)), {.base = PhysAddr{0}});
        EXPECT_TRUE(succeeds(opened));
        return std::move(opened).value();
    }
    void expect_located(const Result<Located> &located, LocatedBy by, const std::string &words,
                        const abi::kho_data &data) {
        ASSERT_TRUE(succeeds(located));
        EXPECT_EQ(located.value().by, by);
        EXPECT_EQ(located.value().words, words);
        EXPECT_EQ(std::memcmp(&located.value().data, &data, sizeof data), 0);
        EXPECT_EQ(located.value().scratch_known(), data.scratch_size != 0);
    }

    ImageTestMemory memory;
};

TEST_F(Locate, BootParamsLeadThere) {
    announce(params_at, node_at, data_of(fdt_at));
    expect_located(locate(image()), LocatedBy::setup_data,
                   "boot_params at 0x9000, setup_data at 0x9f00 announces a KHO FDT", data_of(fdt_at));
    // Another FDT that is not announced does not matter, nor does a second announcement of the first.
    put_kho_fdt(memory, other_fdt_at, PhysAddr{0}, {});
    announce(second_params_at, second_node_at, data_of(fdt_at));
    EXPECT_TRUE(succeeds(locate(image())));
}

TEST_F(Locate, BootParamsHaveTheMemoryMap) {
    announce(params_at, node_at, data_of(fdt_at));
    const abi::e820_entry table[] = {{0, 0x9fc00, abi::e820_ram}, {0xf0000, 0x10000, abi::e820_reserved}};
    memory.put(params_at + abi::boot_params::e820_entries, std::uint8_t{2});
    memory.put(params_at + abi::boot_params::e820_table, table);
    for (const LocateOptions &options : {LocateOptions{}, LocateOptions{.fdt = fdt_at}}) {
        const auto located = locate(image(), options);
        ASSERT_TRUE(succeeds(located));
        const std::vector<CoreMemoryRange> &map = located.value().memory_map;
        ASSERT_EQ(map.size(), 2u);
        EXPECT_EQ(map[0].size, 0x9fc00u);
        EXPECT_EQ(map[1].address, 0xf0000u);
        EXPECT_EQ(map[1].type, abi::e820_reserved);
    }
    // A list that wraps at the last address is not one.
    memory.put(params_at + abi::boot_params::e820_table, abi::e820_entry{~0ull, 2, abi::e820_ram});
    EXPECT_TRUE(locate(image()).value().memory_map.empty());
}

TEST_F(Locate, BootParamsThatDisagreeAreNotChosenFrom) {
    announce(params_at, node_at, data_of(fdt_at));
    put_kho_fdt(memory, other_fdt_at, PhysAddr{0}, {});
    announce(second_params_at, second_node_at, data_of(other_fdt_at));
    EXPECT_TRUE(fails(locate(image()), Errc::handover_ambiguous, 0));
    EXPECT_EQ(locate(image()).error().what,
              "2 KHO FDTs that boot_params lead to: 0x22000 0x24000; name one of them");
    announce(second_params_at, second_node_at, data_of(fdt_at, 16));
    EXPECT_TRUE(fails(locate(image()), Errc::handover_ambiguous, 0));
    EXPECT_EQ(locate(image()).error().what,
              "boot_params disagree about the scratch array of: 0x22000; name one of them");
}

TEST_F(Locate, TheSearchFindsTheOnlyOne) {
    expect_located(locate(image()), LocatedBy::search, "the search, the only KHO FDT in memory",
                   {.fdt_addr = value(fdt_at), .fdt_size = page_size, .scratch_addr = 0, .scratch_size = 0});
    put_setup_data(memory, node_at, PhysAddr{0}, data_of(fdt_at));
    expect_located(locate(image()), LocatedBy::search, "the search, from setup_data at 0x9f00",
                   data_of(fdt_at));
    // Of two the one that a node points to.
    put_kho_fdt(memory, other_fdt_at, PhysAddr{0}, {});
    expect_located(locate(image()), LocatedBy::search, "the search, from setup_data at 0x9f00",
                   data_of(fdt_at));
}

TEST_F(Locate, TheSearchDoesNotGuess) {
    put_kho_fdt(memory, other_fdt_at, PhysAddr{0}, {});
    EXPECT_EQ(locate(image()).error().message(),
              "handover_ambiguous: 2 KHO FDTs in memory: 0x22000 0x24000; name one of them");
    for (std::uint64_t i = 0; i < 9; i++)
        put_kho_fdt(memory, PhysAddr{0x10000 + i * page_size}, PhysAddr{0}, {});
    EXPECT_NE(locate(image()).error().what.find("0x17000 and 3 more;"), std::string::npos)
        << locate(image()).error().what;
    memory = ImageTestMemory();
    memory.put_page(PhysAddr{0});
    EXPECT_EQ(locate(image()).error().message(), "handover_not_found: no KHO FDT in 0x40000 bytes of memory");
}

TEST_F(Locate, TheCallerNamesOne) {
    announce(params_at, node_at, data_of(fdt_at));
    put_kho_fdt(memory, other_fdt_at, PhysAddr{0}, {});
    expect_located(
        locate(image(), {.fdt = other_fdt_at}), LocatedBy::option, "the given address",
        {.fdt_addr = value(other_fdt_at), .fdt_size = page_size, .scratch_addr = 0, .scratch_size = 0});
    expect_located(locate(image(), {.fdt = fdt_at}), LocatedBy::option,
                   "the given address, scratch from setup_data at 0x9f00", data_of(fdt_at));
}

TEST_F(Locate, ARecordingSaysIt) {
    const TemporaryFolder folder;
    const CoreHeader header{
        .data = data_of(fdt_at), .memory_map = {{0x1000, 0x1000, abi::e820_ram, 0}}, .release = "6.19"};
    ASSERT_TRUE(succeeds(write_core(folder.file("r"), header, memory.ranges(), source_of(memory))));
    const auto opened = Image::open(folder.file("r"));
    ASSERT_TRUE(succeeds(opened));
    expect_located(locate(opened.value()), LocatedBy::note, "the recording's note", data_of(fdt_at));
    for (const LocateOptions &options : {LocateOptions{}, LocateOptions{.fdt = other_fdt_at}})
        EXPECT_EQ(locate(opened.value(), options).value().memory_map.size(), 1u);
    expect_located(locate(opened.value(), {.fdt = fdt_at}), LocatedBy::option,
                   "the given address, scratch from the recording's note", data_of(fdt_at));
    expect_located(
        locate(opened.value(), {.fdt = other_fdt_at}), LocatedBy::option, "the given address",
        {.fdt_addr = value(other_fdt_at), .fdt_size = page_size, .scratch_addr = 0, .scratch_size = 0});
}

TEST_F(Locate, ABlobHasNoMemoryToFindItIn) {
    std::vector<std::byte> page(page_size);
    ASSERT_TRUE(succeeds(memory.read(fdt_at, page)));
    const auto opened = Image::open(MappedFile::from_bytes(page));
    ASSERT_TRUE(succeeds(opened));
    EXPECT_TRUE(fails(locate(opened.value()), Errc::handover_not_found, 0));
}

}  // namespace
}  // namespace kho
