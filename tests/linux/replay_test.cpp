// SPDX-License-Identifier: GPL-2.0-or-later
// Handovers of real kernels put in front of every other: what kho check --for predicted is what comes, and
// what kho convert makes of them is taken where they were not. The recordings are those in tests/data.
#include "tests/temporary_folder.h"
#include "tests/tool/linux_goldens.h"
#include "tool_leg.h"

namespace {

using namespace tool_leg;
using harness::lines_with;
using harness::Outcome;
using kho::test::LinuxGolden;

struct Replay {
    LinuxGolden golden;
    std::string release;  // of the kernel that gets it
};
void PrintTo(const Replay &replay, std::ostream *out) {
    *out << replay.golden.name() << " -> " << replay.release;
}
std::string name_of_replay(const testing::TestParamInfo<Replay> &test) {
    std::string name = test.param.golden.test_name() + "_to_" + test.param.release;
    std::ranges::replace(name, '.', '_');
    return name;
}

// The payload kexecs the kernel, whose agent is started as the second life; the device puts the
// recording in place of the payload's own handover.
Outcome replay(const std::string &recording, const std::string &kernel, const LinuxGolden &golden) {
    harness::Machine machine;
    machine.name = "q35";
    machine.bios.clear();
    machine.memory = "512M";  // as when it was recorded
    machine.kernel = harness::payload_elf();
    machine.append = "lives=2";
    machine.device_options = "handover=" + recording + ",kernel=" + kernel +
                             ",initrd=" + harness::linux_agent() +
                             ",append=console=ttyS0 printk.time=0 log_buf_len=1M no_timer_check panic=-1 "
                             "kho=on liveupdate=on agent.stage=2 "
                             "agent.scenario=" +
                             golden.scenario + " " + golden.parameters();
    machine.more = {"-accel", "tcg"};
    return harness::run(machine, 120);
}

// "accepted" and so on, as kho names it.
std::string fate(const std::string &console) {
    if (!lines_with(console, "Kernel panic").empty())
        return "panic";
    if (!lines_with(console, "KHO: disabling KHO revival").empty() &&
        !lines_with(console, "not ok 1 handover # the kernel found none").empty())
        return "cold boot";
    if (!lines_with(console, "not ok 3 live update device # EIO").empty())
        return "EIO";
    return lines_with(console, "ok 3 live update device").empty() ? "unknown" : "accepted";
}

class Predicted : public testing::TestWithParam<Replay> {};

TEST_P(Predicted, FateIsWhatComes) {
    const auto &[golden, release] = GetParam();
    KERNEL_OR_SKIP(kernel, release);
    const TemporaryFolder folder;
    const std::string recording = golden.unpacked_into(folder);
    const Json verdict = Json::parse(
        kho::test::kho({"check", "--json", "--for=" + release, recording}).out)["files"][0]["for"][0];
    const Outcome outcome = replay(recording, kernel, golden);
    EXPECT_EQ(fate(outcome.console), verdict["fate"].get<std::string>()) << verdict << "\n"
                                                                         << outcome.report();
    if (verdict["fate"] != "accepted")
        return;
    if (golden.scenario != "empty") {
        EXPECT_EQ(
            lines_with(outcome.console, "ok 5 retrieve and verify every byte # 1 sessions, 1 files").size(),
            1U)
            << outcome.report();
    }
    // The agent misses nothing but what was said to be lost, and that is nowhere to be found.
    EXPECT_EQ(lines_with(outcome.console, "PASS Linux ").size(), 1U) << outcome.report();
    if (!verdict["losses"].empty()) {
        EXPECT_EQ(lines_with(outcome.console, "found flb data").size(), 0U) << outcome.report();
        EXPECT_EQ(lines_with(outcome.console, "FLBs are lost").size(), 1U) << outcome.report();
    }
}

std::vector<Replay> replays() {
    std::vector<Replay> all;
    for (const LinuxGolden &golden : kho::test::linux_goldens)
        for (const char *const release : harness::linux_releases)
            if (golden.scenario != "empty" || golden.release == release)
                all.push_back({golden, release});
    return all;
}
INSTANTIATE_TEST_SUITE_P(Linux, Predicted, testing::ValuesIn(replays()), name_of_replay);

class Converted : public testing::TestWithParam<Replay> {};

TEST_P(Converted, IsTakenByTheReleaseItWasConvertedTo) {
    const auto &[golden, release] = GetParam();
    KERNEL_OR_SKIP(kernel, release);
    const TemporaryFolder folder;
    const std::string recording = folder.file("converted");
    const kho::test::Ran converted = kho::test::kho(
        {"convert", "--lossy", "--to=" + release, "--output=" + recording, golden.unpacked_into(folder)});
    ASSERT_LE(converted.status, 1) << converted.err;
    EXPECT_EQ(output_of({"check", "--for=" + release, recording}),
              recording + ": Linux " + release + ": accepted\n");
    const Outcome outcome = replay(recording, kernel, golden);
    EXPECT_EQ(fate(outcome.console), "accepted") << outcome.report();
    // Files come with all that they are, but for what was said to be lost.
    const std::string line = lines_with(outcome.console, "ok 5 retrieve and verify every byte").at(0);
    EXPECT_EQ(line.find(converted.out.find("seals") == std::string::npos
                            ? "ok 5 retrieve and verify every byte # 1 sessions, 1 files"
                            : "not ok 5 retrieve and verify every byte # session \"one\" token 0x1: seals:"),
              0U)
        << converted.out << outcome.report();
    EXPECT_EQ(lines_with(outcome.console, "ok 8 reserved memory # 1 areas").size(), 1U) << outcome.report();
    EXPECT_EQ(lines_with(outcome.console, "KHO restore succeeded").size(), 1U) << outcome.report();
}

std::vector<Replay> conversions() {
    std::vector<Replay> all;
    for (const LinuxGolden &golden : kho::test::linux_goldens)
        for (const char *const release : harness::linux_releases)
            if (golden.scenario != "empty" && golden.release != "7.2" && release != golden.release)
                all.push_back({golden, release});  // 7.2 is as 7.3
    return all;
}
INSTANTIATE_TEST_SUITE_P(Linux, Converted, testing::ValuesIn(conversions()), name_of_replay);

}  // namespace
