// SPDX-License-Identifier: GPL-2.0-or-later
// The agent judged by real kernels: each hands over to a kernel like itself, which must find every byte. And
// what must not pass doesn't.
#include <stdexcept>

#include "guest.h"
#include "legs.h"
#include "tests/temporary_folder.h"
#include "tests/vm/ktap.h"

namespace {

using harness::lines_with;
using harness::LinuxLeg;
using harness::Outcome;

Outcome run(const LinuxLeg &leg) {
    const TemporaryFolder folder;
    return harness::run(harness::linux_machine(leg, folder.path()), 120);
}

// The console from `line` on, and up to it.
std::string from(const std::string &console, const std::string &line) {
    const std::size_t at = console.find(line);
    return at == std::string::npos ? "" : console.substr(at);
}
std::string until(const std::string &console, const std::string &line) {
    return console.substr(0, console.find(line));
}

class SameKernel : public testing::TestWithParam<Leg> {};

TEST_P(SameKernel, FindsEveryByteThatItHandedOver) {
    KERNEL_OR_SKIP(kernel, GetParam().release);
    LinuxLeg leg;
    leg.kernel = leg.next = kernel;
    leg.scenario = GetParam().scenario;
    const Outcome outcome = run(leg);
    const std::string &console = outcome.console;
    EXPECT_FALSE(outcome.timed_out);
    ASSERT_EQ(lines_with(console, "PASS Linux ").size(), 1U) << outcome.report();
    EXPECT_EQ(lines_with(console, "FAIL ").size(), 0U) << outcome.report();
    EXPECT_TRUE(lines_with(console, "not ok").empty()) << outcome.report();

    const std::string second = from(console, "Starting new kernel");
    EXPECT_EQ(vm::ktap_fault(until(console, "Starting new kernel")), "") << outcome.report();
    EXPECT_EQ(vm::ktap_fault(second), "") << outcome.report();

    // What the second life verified is what the first said.
    const agent::Manifest manifest = harness::manifest_on(console);
    EXPECT_TRUE(manifest.release.starts_with(std::string(GetParam().release) + "."));
    EXPECT_EQ(manifest.scenario, GetParam().scenario);
    const std::string totals = std::to_string(manifest.sessions.size()) + " sessions, " +
                               std::to_string(manifest.files()) + " files, " +
                               std::to_string(manifest.bytes()) + " bytes";
    EXPECT_EQ(lines_with(second, totals + " verified").size(), 1U) << totals << "\n" << outcome.report();
}

// FLBs, reserved memory and the kernel's KHO test are looked at in every leg; the scenarios of these names
// insist.
constexpr Leg legs[] = {
    {"6.19", "empty"},   {"6.19", "mixed"},     {"6.19", "many-files"},   {"7.0", "mixed"},
    {"7.0", "flb"},      {"7.0", "memblock"},   {"7.1", "mixed"},         {"7.1", "many-sessions"},
    {"7.2", "mixed"},    {"7.2", "many-files"}, {"7.2", "many-sessions"}, {"7.3", "empty"},
    {"7.3", "mixed"},    {"7.3", "many-files"}, {"7.3", "many-sessions"}, {"7.3", "memblock"},
    {"7.3", "kho_test"},
};
INSTANTIATE_TEST_SUITE_P(Agent, SameKernel, testing::ValuesIn(legs), name_of);

// Each begins with a cold boot of Linux 7.3 and ends with a verdict.
struct Failing {
    const char *what;
    LinuxLeg leg;
    const char *verdict;  // how it ends
};
void PrintTo(const Failing &failing, std::ostream *out) { *out << failing.what; }

testing::AssertionResult failed(const Outcome &outcome, const std::string &verdict) {
    const std::vector<std::string> lines = lines_with(outcome.console, "FAIL ");
    if (outcome.timed_out || lines.size() != 1 || lines[0].find(verdict) == std::string::npos ||
        !lines_with(outcome.console, "PASS ").empty())
        return testing::AssertionFailure() << "expected FAIL " << verdict << "\n" << outcome.report();
    return testing::AssertionSuccess();
}

class Unhappy : public testing::TestWithParam<Failing> {};

TEST_P(Unhappy, EndsWithAVerdictThatNamesIt) {
    KERNEL_OR_SKIP(kernel, "7.3");
    LinuxLeg leg = GetParam().leg;
    leg.kernel = kernel;
    EXPECT_TRUE(failed(run(leg), GetParam().verdict));
}

TEST(Agent, PausesWithEverythingPreserved) {
    KERNEL_OR_SKIP(kernel, "7.3");
    const TemporaryFolder folder;
    LinuxLeg leg;
    leg.kernel = kernel;
    leg.scenario = "one";
    leg.then = "pause";
    harness::Guest guest(harness::linux_machine(leg, folder.path()));
    guest.wait_for("# paused: everything is preserved", 60);
    EXPECT_EQ(harness::manifest_on(guest.console()).files(), 1U);
    EXPECT_EQ(guest.qmp("query-status")["status"], "running");
    EXPECT_THROW(guest.wait_for("what it never says", 1), std::runtime_error);
    guest.qmp("quit");
    EXPECT_EQ(guest.finish(10).exit_status, 0);
}

TEST(Agent, GivesUpWhatItPreservedAndPowersOff) {
    KERNEL_OR_SKIP(kernel, "7.3");
    LinuxLeg leg;
    leg.kernel = kernel;
    leg.then = "poweroff";
    const Outcome outcome = run(leg);
    EXPECT_EQ(outcome.exit_status, 0);
    EXPECT_EQ(lines_with(outcome.console, " preserved, and given up").size(), 1U) << outcome.report();
    EXPECT_EQ(vm::ktap_fault(outcome.console), "") << outcome.report();
}

TEST(Unhappy, MemblockWithoutReservedMemoryFails) {
    KERNEL_OR_SKIP(kernel, "7.3");
    const TemporaryFolder folder;
    LinuxLeg leg;
    leg.kernel = kernel;
    leg.scenario = "memblock";
    harness::Machine machine = harness::linux_machine(leg, folder.path());
    machine.append = until(machine.append, "reserve_mem=");
    EXPECT_TRUE(
        failed(harness::run(machine, 60), ": reserved memory: none: is reserve_mem= on the command line?"));
}

const Failing failing[] = {
    {"NoHandover", {.append = "agent.stage=2"}, ": handover: the kernel found none"},
    {"NoDevice", {.append = "liveupdate=off"}, ": live update device: ENOENT"},
    {"NoNextKernel", {}, ": next kernel: ENOENT"},
    {"NoSuchScenario", {.scenario = "nonsense"}, "agent.scenario=nonsense: no such scenario"},
    {"NoSuchStage", {.append = "agent.stage=3"}, "agent.stage=3: neither 1 nor 2"},
    {"NoSuchEnd", {.then = "dance"}, "agent.then=dance: not kexec, pause or poweroff"},
    // The command line is in the kernel's log.
    {"Complaint",
     {.then = "poweroff", .append = "\"note=WARNING: made up\""},
     ": no complaint of the kernel: WARNING: made up"},
    {"NoTime", {.then = "pause", .append = "agent.watchdog=2"}, "watchdog: the time is over"},
};
INSTANTIATE_TEST_SUITE_P(Agent, Unhappy, testing::ValuesIn(failing),
                         [](const auto &test) { return test.param.what; });

}  // namespace
