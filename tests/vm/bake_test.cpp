// SPDX-License-Identifier: GPL-2.0-or-later
// Baked files in a QEMU without the device, under each firmware: what was preserved in the very places where
// firmware works is there when the kernel is entered, byte for byte. The kernel is guest/linux/x86_64/halt.S, which
// writes to no memory.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "fdt/abi/x86_boot.h"
#include "fdt/formats/releases.h"
#include "fdt/make/build.h"
#include "fdt/make/convert.h"
#include "fdt/read/reader.h"
#include "fdt/search/internal/setup_data.h"
#include "fdt/write/writer.h"
#include "guest.h"
#include "tests/tool/run.h"

namespace {

using kho::PhysAddr;
using kho::Range;
using kho::RangeSet;

constexpr std::uint64_t mib = 0x100000;
constexpr std::uint64_t gib = 0x40000000;

Range range(std::uint64_t start, std::uint64_t size) { return {PhysAddr{start}, size}; }

using harness::seabios_for_microvm;

struct Board {
    const char *name;  // -M
    const char *bios;  // -bios, or seabios_for_microvm; empty: QEMU's default
    unsigned mib;      // -m
    std::uint64_t low_end, high_size;
};
void PrintTo(const Board &board, std::ostream *out) {
    *out << board.name << ' ' << board.bios << ' ' << board.mib << " MiB";
}

harness::Machine machine_of(const Board &board, const std::string &file) {
    return harness::bare_machine(board.name, board.bios, std::to_string(board.mib) + "M", file);
}

// Bytes that are different everywhere.
class Pattern final : public kho::Memory {
public:
    kho::Outcome read(PhysAddr from, std::span<std::byte> out) const override {
        for (std::size_t i = 0; i < out.size(); i++) {
            const std::uint64_t at = value(from) + i;
            out[i] = static_cast<std::byte>(at * 0x9e3779b97f4a7c15 >> 56 ^ at);
        }
        return kho::success();
    }
};

// The memory of a guest that stands still.
class GuestMemory final : public kho::Memory {
public:
    explicit GuestMemory(harness::Guest &guest) : guest_(guest) {}
    kho::Outcome read(PhysAddr from, std::span<std::byte> out) const override {
        const std::string file = folder_.file("memory");
        guest_.qmp("pmemsave", {{"val", value(from)}, {"size", out.size()}, {"filename", file}});
        const std::string bytes = TemporaryFolder::contents(file);
        if (bytes.size() != out.size())
            return kho::Error{.code = kho::Errc::outside_memory, .address = value(from), .what = "pmemsave"};
        std::memcpy(out.data(), bytes.data(), out.size());
        return kho::success();
    }

private:
    harness::Guest &guest_;
    TemporaryFolder folder_;
};

std::vector<std::byte> bytes_of(const kho::Memory &memory, const Range &range) {
    std::vector<std::byte> bytes(range.size);
    const kho::Outcome outcome = memory.read(range.start, bytes);
    EXPECT_TRUE(outcome) << outcome.error().message();
    return bytes;
}

// What firmware is known to overwrite, as far as it gives it back to the kernel for RAM.
std::vector<Range> preserved_on(const Board &board) {
    std::vector<Range> places = {
        range(0x1000, 0x9e000),                    // nearly all of the first 640 KiB
        range(16 * mib, 0x5000),                   // not needed
        range(board.low_end - 17 * mib, 2 * mib),  // SeaBIOS's code and temporary memory
        range(board.low_end - mib, 0xe0000),       // right below its tables
    };
    if (board.high_size != 0)
        places.push_back(range(4 * gib + board.high_size - mib, mib));
    return places;
}

class Bake : public testing::TestWithParam<Board> {
protected:
    // A recording with that, and a scratch area at whose upper end firmware works.
    void SetUp() override {
        const Board &board = GetParam();
        if (board.bios == seabios_for_microvm && harness::microvm_seabios().empty())
            GTEST_SKIP() << "QEMU's folders have no SeaBIOS for microvm";
        kho::Handover content;
        content.scratch = {range(board.low_end - 60 * mib, 40 * mib)};
        for (const Range &place : preserved_on(board))
            for (const kho::PreservedBlocks &blocks : kho::blocks_of(place))
                content.preserved.push_back(blocks);
        auto written =
            kho::write_handover(content, *kho::find_release("7.2"), RangeSet({range(32 * mib, 4 * mib)}));
        ASSERT_TRUE(written) << written.error().message();
        data = written.value().data;
        const RangeSet metadata = written.value().pages.ranges();
        std::vector<Range> all = preserved_on(board);
        all.insert(all.end(), metadata.ranges().begin(), metadata.ranges().end());
        recorded = RangeSet(std::move(all));
        kho::CoreHeader header{.data = data,
                               .memory_map = {{0, 0x9fc00, kho::abi::e820_ram, 0},
                                              {mib, board.low_end - mib, kho::abi::e820_ram, 0}},
                               .release = "7.2"};
        if (board.high_size != 0)
            header.memory_map.push_back({4 * gib, board.high_size, kho::abi::e820_ram, 0});
        const auto size = kho::write_recording(recording, header, recorded,
                                               kho::OverlayMemory(written.value().pages, pattern));
        ASSERT_TRUE(size) << size.error().message();

        std::mt19937 random(1);
        for (std::size_t i = 0; i < 70001; i++) initrd += static_cast<char>(random());
        TemporaryFolder::write(folder.file("initrd"), initrd);
        const kho::test::Ran ran =
            kho::test::kho({"bake", recording, "--kernel", harness::halt_bzimage(), "--initrd",
                            folder.file("initrd"), "--append", "a command line", "-o", baked});
        ASSERT_EQ(ran.status, 0) << ran.err;
        EXPECT_EQ(ran.out + ran.err, "");
    }

    const TemporaryFolder folder;
    const std::string recording = folder.file("recording.core"), baked = folder.file("boot.elf");
    const Pattern pattern;
    kho::abi::kho_data data{};
    RangeSet recorded;
    std::string initrd;
};

TEST_P(Bake, PutsEveryByteInPlace) {
    harness::Machine machine = machine_of(GetParam(), baked);
    for (const std::string &more : harness::firmware_says_in(folder.file("firmware")))
        machine.more.push_back(more);
    harness::Guest guest(machine);
    const std::string line = guest.wait_for("halt: boot_params at 0x", 60);
    const std::string firmware = TemporaryFolder::contents(folder.file("firmware"));
    EXPECT_EQ(firmware.find("SeaBIOS (version") != std::string::npos, machine.bios != "qboot.rom")
        << firmware;
    EXPECT_EQ(harness::lines_with(guest.console(), "kho: the handover is in place").size(), 1U);
    const PhysAddr boot_params{std::stoull(line.substr(line.find("0x")), nullptr, 16)};
    guest.qmp("stop");
    const GuestMemory memory(guest);

    auto core = kho::ElfCore::open(recording);
    ASSERT_TRUE(core) << core.error().message();
    for (const Range &run : recorded.ranges())
        EXPECT_TRUE(bytes_of(memory, run) == bytes_of(core.value(), run))
            << std::hex << value(run.start) << '+' << run.size;
    const auto handover = kho::read_handover(memory, data);
    ASSERT_TRUE(handover) << handover.error().message();

    const auto params = kho::read_boot_params(memory, boot_params);
    ASSERT_TRUE(params);
    const kho::SetupDataChain chain = kho::read_setup_data_chain(memory, params->setup_data);
    ASSERT_TRUE(chain.kho && chain.kho->kho) << chain.doubt;
    EXPECT_EQ(chain.kho->kho->fdt_addr, data.fdt_addr);
    EXPECT_EQ(chain.kho->kho->scratch_addr, data.scratch_addr);

    namespace bp = kho::abi::boot_params;
    const auto field = [&](std::uint64_t offset) {
        const auto loaded = memory.load<std::uint32_t>(boot_params + offset);
        EXPECT_TRUE(loaded);
        return loaded ? loaded.value() : 0;
    };
    ASSERT_EQ(field(bp::ramdisk_size), initrd.size());
    const auto in_memory = bytes_of(memory, range(field(bp::ramdisk_image), initrd.size()));
    EXPECT_TRUE(std::ranges::equal(in_memory, std::as_bytes(std::span(initrd))));
    const auto command_line = bytes_of(memory, range(field(bp::cmd_line_ptr), 15));
    EXPECT_STREQ(reinterpret_cast<const char *>(command_line.data()), "a command line");

    // This machine's own map, and where its ACPI tables begin.
    std::vector<Range> ram;
    for (const kho::CoreMemoryRange &entry : kho::read_e820(memory, boot_params))
        if (entry.type == kho::abi::e820_ram)
            ram.push_back(range(entry.address, entry.size));
    for (const Range &place : preserved_on(GetParam())) EXPECT_TRUE(RangeSet(ram).contains(place));
    const std::uint64_t rsdp = field(bp::acpi_rsdp_addr);
    ASSERT_NE(rsdp, 0U);
    const auto signature = bytes_of(memory, range(rsdp, 8));
    EXPECT_EQ(std::memcmp(signature.data(), "RSD PTR ", 8), 0);
}

TEST_P(Bake, SaysIfThereIsTooLittleMemory) {
    Board smaller = GetParam();
    // A quarter of what is below 4 GiB; all of that, but nothing above.
    smaller.mib =
        static_cast<unsigned>((smaller.high_size == 0 ? smaller.low_end / 4 : smaller.low_end) / mib);
    const std::uint64_t missing =
        smaller.high_size == 0 ? smaller.low_end - 60 * mib : 4 * gib + smaller.high_size - mib;
    harness::Guest guest(machine_of(smaller, baked));
    guest.wait_for("kho: the machine is stopped", 60);
    EXPECT_FALSE(guest.finish(20).timed_out) << "a stopped machine ends QEMU";
    char text[64];
    std::snprintf(text, sizeof text, "kho: there is no RAM at 0x%llx,",
                  static_cast<unsigned long long>(missing));
    EXPECT_EQ(harness::lines_with(guest.console(), text).size(), 1U) << guest.console();
    EXPECT_EQ(harness::lines_with(guest.console(), ", the handover needs 0x").size(), 1U) << guest.console();
    EXPECT_EQ(harness::lines_with(guest.console(), "as much memory (-m)").size(), 1U) << guest.console();
    EXPECT_TRUE(harness::lines_with(guest.console(), "halt:").empty()) << guest.console();
}

// Firmware's tables, at the end of RAM, lie where pages were preserved.
class BakeUnderTables : public Bake {};

TEST_P(BakeUnderTables, SaysThatFirmwareKeepsThemAndEndsQemu) {
    for (const bool debug_exit : {false, true}) {
        harness::Machine machine = machine_of(GetParam(), baked);
        machine.memory = std::to_string(GetParam().mib * 1024 - 128) + "K";
        if (debug_exit)
            machine.more.insert(machine.more.end(), {"-device", "isa-debug-exit"});
        const harness::Outcome outcome = harness::run(machine);
        EXPECT_FALSE(outcome.timed_out);
        EXPECT_EQ(outcome.exit_status, debug_exit ? 1 : 0) << outcome.report();
        for (const char *const line : {"kho: there is no RAM at 0x", "kho: firmware keeps 0x",
                                       "more memory (-m) than", "the same devices (-nodefaults"})
            EXPECT_EQ(harness::lines_with(outcome.console, line).size(), 1U) << line << outcome.report();
    }
}

TEST_P(Bake, SaysIfSomethingWasOverwritten) {
    std::string bytes = TemporaryFolder::contents(baked);
    const std::size_t at = bytes.find(initrd.substr(0, 4096));
    ASSERT_NE(at, std::string::npos);
    bytes[at + initrd.size() - 1] ^= 1;
    TemporaryFolder::write(baked, bytes);
    harness::Guest guest(machine_of(GetParam(), baked));
    guest.wait_for("kho: the machine is stopped", 60);
    EXPECT_FALSE(guest.finish(20).timed_out) << "a stopped machine ends QEMU";
    EXPECT_EQ(harness::lines_with(guest.console(), "kho: firmware wrote over what was loaded at 0x").size(),
              1U)
        << guest.console();
    EXPECT_TRUE(harness::lines_with(guest.console(), "-initrd").empty()) << guest.console();
    EXPECT_TRUE(harness::lines_with(guest.console(), "halt:").empty()) << guest.console();
}

TEST_P(Bake, SaysThatAnInitrdIsInTheWay) {
    harness::Machine machine = machine_of(GetParam(), baked);
    machine.initrd = folder.file("other initrd");
    TemporaryFolder::write(machine.initrd, "");
    std::filesystem::resize_file(machine.initrd, 64 * mib);  // up to the end of RAM below 4 GiB: over scratch
    harness::Guest guest(machine);
    guest.wait_for("kho: the machine is stopped", 60);
    EXPECT_FALSE(guest.finish(20).timed_out) << "a stopped machine ends QEMU";
    EXPECT_EQ(harness::lines_with(guest.console(), "kho: firmware wrote over what was loaded at 0x").size(),
              1U)
        << guest.console();
    EXPECT_EQ(harness::lines_with(guest.console(), "kho: start this without -initrd").size(), 1U)
        << guest.console();
}

constexpr Board boards[] = {
    {"pc", "", 256, 256 * mib, 0},
    {"q35", "", 256, 256 * mib, 0},
    {"microvm", "qboot.rom", 256, 256 * mib, 0},
    {"microvm", seabios_for_microvm.data(), 256, 256 * mib, 0},
    {"pc", "", 5120, 3 * gib, 2 * gib},
    {"q35", "", 5120, 2 * gib, 3 * gib},
};
std::string name_of_board(const testing::TestParamInfo<Board> &test) {
    std::string name =
        std::string(test.param.name) + '_' + test.param.bios + '_' + std::to_string(test.param.mib) + "MiB";
    std::ranges::replace_if(
        name, [](char c) { return c == '.' || c == '-'; }, '_');
    return name;
}
INSTANTIATE_TEST_SUITE_P(Boards, BakeUnderTables, testing::ValuesIn(boards, boards + 2), name_of_board);
INSTANTIATE_TEST_SUITE_P(Boards, Bake, testing::ValuesIn(boards), name_of_board);

}  // namespace
