// SPDX-License-Identifier: GPL-2.0-or-later
// What goes wrong on purpose, in the VM: refused kexecs, forgotten pages, crashes.
#include <algorithm>

#include "guest/payload/break.h"
#include "plugin/status.h"
#include "vm.h"

namespace {

using harness::Machine;
using harness::Outcome;
using vm::Image;

// The payload breaks its descriptor, is refused with the status that it expects, verifies all its files
// again, and then makes the same kexec whole.
void expect_refusals(const std::string &name, std::span<const guest::BreakCase> cases) {
    const Outcome outcome = harness::run(vm::machine(Image::elf, "lives=2 files=1M break=" + name));
    EXPECT_TRUE(vm::passed(outcome));
    // The payload also asks for a checksum verdict that cannot be there yet.
    EXPECT_EQ(harness::lines_with(outcome.log, "warning: kexec-handover: nothing_to_verify: ").size(), 1u);
    EXPECT_EQ(harness::lines_with(outcome.log, "warning: kexec-handover: ").size(), cases.size() + 1)
        << outcome.report();
    EXPECT_EQ(harness::lines_with(outcome.console, ", sessions intact").size(), cases.size());
    for (const guest::BreakCase &c : cases)
        EXPECT_EQ(
            harness::lines_with(outcome.console, std::string(c.name) + " # refused as " +
                                                     kexec_handover::name(c.expected) + ", sessions intact")
                .size(),
            1u)
            << c.name;
    EXPECT_EQ(harness::lines_with(outcome.console, "# kexec took").size(), 1u) << outcome.report();
}

TEST(Refused, EveryBrokenDescriptorLeavesTheOldKernelWithItsSessionsIntact) {
    ASSERT_GT(guest::break_cases().size(), 60u);
    expect_refusals("all", guest::break_cases());
}

// A refusal does not rely on those before it: the first, one in the middle and the last alone.
TEST(Refused, ABrokenDescriptorAloneLeavesTheOldKernelWithItsSessionsIntact) {
    const std::span<const guest::BreakCase> cases = guest::break_cases();
    for (const std::size_t i : {std::size_t{0}, cases.size() / 2, cases.size() - 1})
        expect_refusals(std::string(cases[i].name), cases.subspan(i, 1));
}

// What is outside of the guest: the next kernel's files and the recording. `expect` makes the refusal the
// pass.
struct Outside {
    const char *name;
    const char *device_options;
    const char *status;
    const char *where;
};
void PrintTo(const Outside &c, std::ostream *out) { *out << c.name; }

class RefusedOutside : public testing::TestWithParam<Outside> {};

TEST_P(RefusedOutside, LeavesTheOldKernelWithItsSessionsIntact) {
    Machine machine = vm::machine(Image::elf, std::string("lives=2 files=1M expect=") + GetParam().status);
    machine.device_options = GetParam().device_options;
    const Outcome outcome = harness::run(machine);
    EXPECT_TRUE(vm::passed(outcome));
    const auto lines =
        harness::lines_with(outcome.log, std::string("kexec-handover: ") + GetParam().status + ": ");
    ASSERT_EQ(lines.size(), 1u) << outcome.report();
    EXPECT_NE(lines[0].find(GetParam().where), std::string::npos) << lines[0];
}

constexpr Outside outside[] = {
    {"KernelMissing", "kernel=/nowhere/bzImage", "kernel_missing", "/nowhere/bzImage"},
    {"FlbsThatTheFormatHasNoPlaceFor", "release=6.19", "flbs_not_supported", "2 FLBs"},
    {"KernelIsADirectory", "kernel=/", "kernel_unreadable", "kernel /"},
    {"KernelIsNoKernel", "kernel=/etc/passwd", "kernel_format", "/etc/passwd"},
    {"RecordingCannotBeWritten", "record=/nowhere/recording", "record_failed", "/nowhere/recording"},
    {"RecordingOntoADevice", "record=/dev/full", "record_failed", "/dev/full"},
};
INSTANTIATE_TEST_SUITE_P(Table, RefusedOutside, testing::ValuesIn(outside),
                         [](const auto &test) { return std::string(test.param.name); });

TEST(Refusal, WithoutAnExpectationIsAFailure) {
    Machine machine = vm::machine(Image::elf, "lives=2 files=1M");
    machine.device_options = "kernel=/nowhere/bzImage";
    const Outcome outcome = harness::run(machine);
    EXPECT_TRUE(vm::failed(outcome));
    EXPECT_NE(outcome.console.find("kernel_missing"), std::string::npos) << outcome.report();
}

// Proof that poison is real. One page of a file is left out of what is preserved:
//
//   reader    poison   what must happen
//   strict    on       refused, naming session, token and offset
//   lenient   on       the content differs there, and is poison
//   lenient   off      not noticed: so it is the poison that the line above found
Outcome forget(const std::string &parameters, const std::string &device_options) {
    Machine machine =
        vm::machine(Image::elf, "lives=2 forget=\"scattered folios:0x1000000000001:5\" " + parameters);
    machine.device_options = device_options;
    return harness::run(machine);
}

constexpr const char *place = "session \"scattered folios\" token 0x1000000000001 offset 0x5000: ";

TEST(ForgottenPage, IsMissedByAStrictReaderWhoNamesItsPlace) {
    const Outcome outcome = forget("", "");
    EXPECT_TRUE(vm::failed(outcome));
    EXPECT_NE(outcome.console.find(std::string("FAIL payload -> payload: ") + place + "folio not preserved"),
              std::string::npos)
        << outcome.report();
}

TEST(ForgottenPage, IsFoundPoisonedByALenientReader) {
    const Outcome outcome = forget("strict=0", "poison=on");
    EXPECT_TRUE(vm::failed(outcome));
    const auto lines = harness::lines_with(outcome.console, std::string("FAIL payload -> payload: ") + place);
    ASSERT_EQ(lines.size(), 1u) << outcome.report();
    EXPECT_NE(lines[0].find("0xcccccccccccccccc"), std::string::npos) << lines[0];
    EXPECT_NE(lines[0].find("poison"), std::string::npos) << lines[0];
}

TEST(ForgottenPage, IsFoundClearedByALenientReader) {
    const Outcome outcome = forget("strict=0", "poison=zero");
    EXPECT_TRUE(vm::failed(outcome));
    EXPECT_EQ(harness::lines_with(outcome.console, std::string("FAIL payload -> payload: ") + place).size(),
              1u)
        << outcome.report();
}

TEST(ForgottenPage, IsNotNoticedByALenientReaderWithoutPoison) {
    EXPECT_TRUE(vm::passed(forget("strict=0", "poison=off")));
}

// The payload does not ignore a parameter that it cannot obey.
struct Order {
    const char *name;
    std::string parameters;
    const char *memory;
    const char *report;
};
void PrintTo(const Order &order, std::ostream *out) { *out << order.name; }

class Impossible : public testing::TestWithParam<Order> {};

TEST_P(Impossible, IsAFailureThatSaysWhy) {
    Machine machine = vm::machine(Image::elf, GetParam().parameters);
    machine.memory = GetParam().memory;
    const Outcome outcome = harness::run(machine);
    EXPECT_TRUE(vm::failed(outcome));
    EXPECT_NE(outcome.console.find(std::string("Bail out! ") + GetParam().report), std::string::npos)
        << outcome.report();
}

const Order orders[] = {
    {"ABreakThatCannotBeBuilt", "lives=2 files=84M break=preserved-million", "128M",
     "break=preserved-million: could not build it"},
    {"FilesThatWrap", "lives=2 files=0xffffffffffffffff", "256M", "files=: more than the 255 MiB of RAM"},
    {"FilesLargerThanRam", "lives=2 files=1G", "256M", "files=: more than the 255 MiB of RAM"},
    {"FilesThatDoNotFitBesideScratch", "lives=2 files=250M", "256M", "no memory for file "},
    {"ForgettingWithoutAKexec", "lives=1 forget=nosuch:1:0", "256M", "forget=: with lives=1"},
    {"ForgettingAFileThatIsNone", "lives=2 forget=nosuch:1:0", "256M", "forget=: there is no such page"},
    {"TooManyLives", "lives=1001", "256M", "lives=: at most 1000"},
    {"ACutCommandLine", "lives=2 " + std::string(2500, 'x'), "256M", "the command line is cut"},
};
INSTANTIATE_TEST_SUITE_P(Orders, Impossible, testing::ValuesIn(orders),
                         [](const auto &test) { return std::string(test.param.name); });

// However a payload ends: only a pass looks like one.
struct Death {
    const char *way;
    const char *report;  // on the console; nullptr: it has no chance to say anything
};
void PrintTo(const Death &death, std::ostream *out) { *out << death.way; }

class Crash : public testing::TestWithParam<Death> {};

TEST_P(Crash, IsReportedAndIsNoPass) {
    const Outcome outcome =
        harness::run(vm::machine(Image::elf, std::string("watchdog=1 crash=") + GetParam().way), 20);
    EXPECT_EQ(outcome.exit_status, 1) << outcome.report();
    EXPECT_TRUE(harness::lines_with(outcome.console, "PASS").empty()) << outcome.report();
    if (!GetParam().report)
        return;
    EXPECT_EQ(harness::lines_with(outcome.console, "Bail out! ").size(), 1u) << outcome.report();
    EXPECT_NE(outcome.console.find(GetParam().report), std::string::npos) << outcome.report();
}

constexpr Death deaths[] = {
    {"null", "page fault"},      {"undefined", "invalid opcode"}, {"stack", "page fault"},
    {"hang", "watchdog"},        {"bail-out", "crash=bail-out"},  {"triple-fault", nullptr},
    {"nonsense", "unknown way"},
};
INSTANTIATE_TEST_SUITE_P(Ways, Crash, testing::ValuesIn(deaths), [](const auto &test) {
    std::string name = test.param.way;
    std::ranges::replace(name, '-', '_');
    return name;
});

}  // namespace
