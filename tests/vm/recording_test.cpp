// SPDX-License-Identifier: GPL-2.0-or-later
// The recording of a real leg, looked at with the tools that people have: readelf and dtc, and with our own
// reader.
#include <fstream>
#include <regex>

#include "fdt/read/reader.h"
#include "vm.h"

namespace {

class Recording : public testing::Test {
protected:
    static void SetUpTestSuite() { recorded = new vm::Recorded; }
    static void TearDownTestSuite() { delete recorded; }
    void SetUp() override {
        ASSERT_TRUE(vm::passed(recorded->outcome));
        auto opened = kho::ElfCore::open(recorded->file());
        ASSERT_TRUE(opened.ok()) << opened.error().message();
        core.emplace(std::move(opened).value());
        auto read = kho::read_handover(*core, core->header().data);
        ASSERT_TRUE(read.ok()) << read.error().message();
        handover = std::move(read).value();
    }

    static vm::Recorded *recorded;
    std::optional<kho::ElfCore> core;
    kho::Handover handover;
};
vm::Recorded *Recording::recorded = nullptr;

TEST_F(Recording, HoldsExactlyTheHandover) {
    EXPECT_EQ(kho::memory_of(handover), core->memory());
    // FDTs, map and scratch array are among it: they were read from nowhere else. And the sessions are those
    // that the guest reports.
    ASSERT_TRUE(handover.luo);
    std::size_t files = 0;
    for (const kho::LuoSession &session : handover.luo->sessions) files += session.files.size();
    const auto verdict = harness::lines_with(recorded->outcome.console, "PASS payload -> payload: ");
    ASSERT_EQ(verdict.size(), 1u);
    EXPECT_NE(verdict[0].find(" " + std::to_string(handover.luo->sessions.size()) + " sessions, " +
                              std::to_string(files) + " files"),
              std::string::npos)
        << verdict[0];
    EXPECT_GT(handover.luo->sessions.size(), 3u);
    EXPECT_GE(files, 128u);
}

TEST_F(Recording, IsAsLargeAsTheHandoverNotAsTheGuest) {
    const std::uint64_t size = std::filesystem::file_size(recorded->file());
    const std::uint64_t headers = (core->memory().ranges().size() + 2) * 56 + 16384;
    EXPECT_GE(size, core->memory().bytes());
    EXPECT_LE(size, core->memory().bytes() + headers);
    EXPECT_LT(size, std::uint64_t{64} << 20);
}

TEST_F(Recording, OpensInReadelf) {
    const auto listing = harness::run_command({READELF, "-lW", recorded->file()});
    ASSERT_EQ(listing.exit_status, 0) << listing.report();
    EXPECT_EQ(listing.log, "");
    // Type, offset, virtual address, physical address, file size, memory size.
    std::vector<kho::Range> loads;
    const std::regex line(R"(^\s+LOAD\s+0x\w+\s+0x\w+\s+0x(\w+)\s+0x(\w+)\s+0x(\w+))");
    for (const std::string &text : harness::lines_with(listing.console, "LOAD")) {
        std::smatch match;
        ASSERT_TRUE(std::regex_search(text, match, line)) << text;
        EXPECT_EQ(match[2], match[3]) << text;
        loads.push_back(
            {kho::PhysAddr{std::stoull(match[1], nullptr, 16)}, std::stoull(match[2], nullptr, 16)});
    }
    EXPECT_EQ(kho::RangeSet(loads), core->memory());
    EXPECT_EQ(loads.size(), core->memory().ranges().size());

    const auto notes = harness::run_command({READELF, "-nW", recorded->file()});
    EXPECT_EQ(notes.exit_status, 0);
    EXPECT_EQ(notes.log, "");
    EXPECT_EQ(harness::lines_with(notes.console, "KHO").size(), 3u) << notes.console;
}

TEST_F(Recording, NamesTheKhoFdtInANote) {
    EXPECT_EQ(core->header().data.fdt_addr, value(handover.fdt));
    EXPECT_EQ(core->header().data.fdt_size, 4096u);
    EXPECT_EQ(core->header().release, "7.0");
    EXPECT_FALSE(core->header().memory_map.empty());
}

TEST_F(Recording, HoldsFdtsThatDtcDecompiles) {
    const std::pair<kho::PhysAddr, std::vector<const char *>> fdts[] = {
        {handover.fdt, {"compatible = \"kho-v1\"", "preserved-memory-map = ", "LUO {", "fdt = "}},
        {handover.luo->root,
         {"compatible = \"luo-v1\"", "liveupdate-number = ", "luo-session {",
          "compatible = \"luo-session-v2\"", "luo-session-header = "}}};
    for (const auto &[address, expected] : fdts) {
        std::vector<std::byte> blob(4096);
        ASSERT_TRUE(core->read(address, blob).ok());
        const std::string file = recorded->file() + ".dtb";
        std::ofstream(file, std::ios::binary).write(reinterpret_cast<const char *>(blob.data()), 4096);
        const auto dts = harness::run_command({DTC, "-I", "dtb", "-O", "dts", file});
        EXPECT_EQ(dts.exit_status, 0) << dts.report();
        EXPECT_EQ(dts.log, "");
        for (const char *text : expected)
            EXPECT_NE(dts.console.find(text), std::string::npos) << text << "\n" << dts.console;
    }
}

}  // namespace
