// SPDX-License-Identifier: GPL-2.0-or-later
// What kho bake makes, booted by a QEMU that has no plugin of ours: kernels take handovers of their own
// release, whose recordings are in tests/data, under each firmware, and the agent verifies every byte.
#include "guest.h"
#include "payload_leg.h"
#include "tests/temporary_folder.h"
#include "tests/tool/linux_goldens.h"
#include "tool_leg.h"

namespace {

using namespace tool_leg;
using harness::lines_with;
using kho::test::LinuxGolden;

using harness::seabios_for_microvm;

struct Board {
    const char *name;  // -M
    const char *bios;  // -bios, or seabios_for_microvm; empty: QEMU's default
};

harness::Machine without_device(const Board &board, const std::string &file) {
    return harness::bare_machine(board.name, board.bios, "512M", file);
}

// microvm has no clock but the TSC and the PIT, against which a kernel measures it; on a busy host it gives
// up, and then waits for ever for the first tick.
std::string parameters_of(const LinuxGolden &golden, const Board &board) {
    return std::string(std::string_view(board.name) == "microvm" ? "tsc_early_khz=2000000 " : "") +
           "console=ttyS0 printk.time=0 log_buf_len=1M no_timer_check panic=-1 kho=on liveupdate=on "
           "agent.stage=2 agent.scenario=" +
           golden.scenario + " " + golden.parameters();
}

void bake(const std::string &recording, const std::string &kernel, const LinuxGolden &golden,
          const Board &board, const std::string &output) {
    EXPECT_EQ(output_of({"bake", recording, "--kernel=" + kernel, "--initrd=" + harness::linux_agent(),
                         "--append=" + parameters_of(golden, board), "--output=" + output}),
              "");
}

struct Baked {
    LinuxGolden golden;
    Board board;
};
void PrintTo(const Baked &baked, std::ostream *out) {
    *out << baked.golden.name() << " on " << baked.board.name << ' ' << baked.board.bios;
}
std::string name_of_baked(const testing::TestParamInfo<Baked> &test) {
    std::string name = test.param.golden.test_name() + "_on_" + test.param.board.name;
    if (*test.param.board.bios != '\0')
        name += std::string("_with_") + test.param.board.bios;
    std::ranges::replace_if(
        name, [](char c) { return c == '.' || c == '-'; }, '_');
    return name;
}

class Bake : public testing::TestWithParam<Baked> {};

TEST_P(Bake, PutsAHandoverInFrontOfItsKernelWithoutTheDevice) {
    const auto &[golden, board] = GetParam();
    KERNEL_OR_SKIP(kernel, golden.release);
    if (board.bios == seabios_for_microvm && harness::microvm_seabios().empty())
        GTEST_SKIP() << "QEMU's folders have no SeaBIOS for microvm";
    const TemporaryFolder folder;
    const std::string file = folder.file("boot.elf");
    bake(golden.unpacked_into(folder), kernel, golden, board, file);
    harness::Machine machine = without_device(board, file);
    for (const std::string &more : harness::firmware_says_in(folder.file("firmware")))
        machine.more.push_back(more);
    const harness::Outcome outcome = harness::run(machine, 120);
    const std::string firmware = TemporaryFolder::contents(folder.file("firmware"));
    EXPECT_EQ(firmware.find("SeaBIOS (version") != std::string::npos, machine.bios != "qboot.rom")
        << firmware;
    EXPECT_FALSE(outcome.timed_out) << outcome.report();
    EXPECT_EQ(lines_with(outcome.console, "kho: the handover is in place").size(), 1U) << outcome.report();
    EXPECT_EQ(lines_with(outcome.console, "ok 5 retrieve and verify every byte # 1 sessions, 1 files").size(),
              golden.scenario == "empty" ? 0U : 1U)
        << outcome.report();
    EXPECT_EQ(lines_with(outcome.console, "KHO restore succeeded").size(), 1U) << outcome.report();
    EXPECT_EQ(lines_with(outcome.console, "PASS Linux ").size(), 1U) << outcome.report();
    EXPECT_TRUE(lines_with(outcome.console, "not ok").empty()) << outcome.report();
}

std::vector<Baked> all_baked() {
    constexpr Board boards[] = {{"pc", ""}, {"q35", ""}, {"microvm", "qboot.rom"}};
    std::vector<Baked> all;
    for (const LinuxGolden &golden : kho::test::linux_goldens)
        if (golden.scenario != "empty")
            for (const Board &board : boards) all.push_back({golden, board});
    all.push_back({{"7.3", "empty"}, {"q35", ""}});
    all.push_back({{"7.3", "one"}, {"microvm", seabios_for_microvm.data()}});
    return all;
}
INSTANTIATE_TEST_SUITE_P(Linux, Bake, testing::ValuesIn(all_baked()), name_of_baked);

// The command of fdt/README.md, on a recording of a machine without default devices: those make firmware's
// tables larger, and where these lie with the same memory, pages were preserved.
TEST(BakeADump, FitsAMachineWithMoreDevicesAndMemory) {
    KERNEL_OR_SKIP(kernel, "7.3");
    const harness::LinuxDump &dump = harness::linux_dump("7.3", "mixed");
    const TemporaryFolder folder;
    const std::string file = folder.file("boot.elf");
    EXPECT_EQ(output_of({"bake", dump.file, "--kernel=" + kernel, "--initrd=" + harness::linux_agent(),
                         "--append=console=ttyS0 printk.time=0 log_buf_len=1M no_timer_check panic=-1 "
                         "kho=on liveupdate=on agent.stage=2 agent.scenario=mixed",
                         "--output=" + file}),
              "");
    const auto boot = [&](const char *machine, const char *memory) {
        return harness::run_command(
            {harness::qemu(), "-M", machine, "-m", memory, "-nographic", "-no-reboot", "-kernel", file}, 120);
    };
    for (const char *const machine : {"q35", "pc"})
        EXPECT_TRUE(harness::linux_verified(boot(machine, "1G"), dump.manifest)) << machine;

    const harness::Outcome same = boot("q35", "512M");
    EXPECT_FALSE(same.timed_out) << same.report();
    if (!lines_with(same.console, "kho: there is no RAM at").empty()) {
        EXPECT_EQ(lines_with(same.console, " for itself: start this with more memory (-m)").size(), 1U)
            << same.report();
        EXPECT_TRUE(lines_with(same.console, "PASS ").empty()) << same.report();
    } else {
        EXPECT_TRUE(harness::linux_verified(same, dump.manifest));
    }
}

// All files of a scenario, out of a dump of all memory, with the handover found by boot_params.
TEST(BakeADump, CarriesEveryFile) {
    KERNEL_OR_SKIP(kernel, "7.3");
    const harness::LinuxDump &dump = harness::linux_dump("7.3", "mixed");
    const TemporaryFolder folder;
    const std::string file = folder.file("boot.elf");
    const std::string append =
        "console=ttyS0 printk.time=0 log_buf_len=1M no_timer_check panic=-1 kho=on liveupdate=on "
        "agent.stage=2 agent.scenario=mixed";
    EXPECT_EQ(output_of({"bake", dump.file, "--kernel=" + kernel, "--initrd=" + harness::linux_agent(),
                         "--append=" + append, "--output=" + file}),
              "");
    const harness::Outcome outcome = harness::run(without_device({"q35", ""}, file), 120);
    EXPECT_TRUE(harness::linux_verified(outcome, dump.manifest));
}

}  // namespace
