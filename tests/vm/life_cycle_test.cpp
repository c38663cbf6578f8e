// SPDX-License-Identifier: GPL-2.0-or-later
// The whole life cycle of files across emulated kexecs: what fails on the way, what is refused and then
// granted, what is not asked for, FLBs, and the limits of the format.
#include "fdt/abi/luo.h"
#include "vm.h"

namespace {

using harness::Machine;
using harness::Outcome;
using vm::Image;

// Every life but the last hands over, every life but the first takes over. The names are those of
// guest/payload/life_cycle*.cpp.
TEST(LifeCycle, RunsInTheOldAndTheNewKernelOfEveryKexec) {
    const Outcome outcome = harness::run(vm::machine(Image::elf, "lives=3"));
    ASSERT_TRUE(vm::passed(outcome));
    for (const char *result : {
             "handlers and FLBs neither come nor go while there are sessions",
             "a session that is closed before the kexec unpreserves its files, last first",
             "the first file refuses to freeze: cancelled",
             "a file in the middle refuses to freeze: what was frozen is unfrozen",
             "the last file refuses to freeze: all others are unfrozen, last first",
             "then a second attempt succeeds",
             "all other files are as they were",
             "life cycle of files in the old kernel",
             "FLBs are retrieved once, on the first request",
             "files of several sessions are retrieved in any order, and again",
             "a retrieve that failed is not tried again",
             "one file cannot finish: nothing is done, whichever it is",
             "later it can; files that were not retrieved end with the others",
             "a file goes on to the next life when it is finished, not before",
             "FLBs end with the last file of all sessions",
             "a session that was not retrieved stays, and keeps live update in use",
             "every callback was given what an earlier one returned",
             "life cycle of files in the new kernel",
         })
        EXPECT_EQ(harness::lines_with(outcome.console, std::string(" ") + result).size(), 2u) << result;
    // Seven sessions of memory files and the four of the life cycle; what was not retrieved does not add up.
    EXPECT_EQ(harness::lines_with(outcome.console, "deserialize # 11 sessions").size(), 2u);
}

TEST(LifeCycle, CanBeLeftOut) {
    const Outcome outcome = harness::run(vm::machine(Image::elf, "lives=3 cycle=0"));
    ASSERT_TRUE(vm::passed(outcome));
    EXPECT_EQ(harness::lines_with(outcome.console, "deserialize # 7 sessions").size(), 2u);
    EXPECT_TRUE(harness::lines_with(outcome.console, "life cycle").empty());
}

// Without FLBs there is no page of theirs to break; the rest is tried.
TEST(LifeCycle, BreaksWhatIsThere) {
    const Outcome outcome = harness::run(vm::machine(Image::elf, "lives=2 files=1M cycle=0 break=all"));
    EXPECT_TRUE(vm::passed(outcome));
}

// Without FLBs the format of 6.19 does, which has no node for them.
TEST(LifeCycle, WithoutFlbsFitsIntoTheFormatOf619) {
    Machine machine = vm::machine(Image::elf, "lives=3 cycle=0");
    machine.device_options = "release=6.19";
    EXPECT_TRUE(vm::passed(harness::run(machine)));
}

struct Full {
    const char *name;
    const char *parameters;
    const char *memory;
    const char *lines[2];
};
void PrintTo(const Full &c, std::ostream *out) { *out << c.name; }

class Limits : public testing::TestWithParam<Full> {};

TEST_P(Limits, OfTheFormatAreReachedAndComeThrough) {
    Machine machine = vm::machine(Image::elf, GetParam().parameters);
    machine.memory = GetParam().memory;
    const Outcome outcome = harness::run(machine);
    ASSERT_TRUE(vm::passed(outcome));
    for (const char *line : GetParam().lines)
        EXPECT_FALSE(harness::lines_with(outcome.console, line).empty()) << line << "\n" << outcome.report();
}

static_assert(kho::abi::max_sessions == 819 && kho::abi::max_files_per_set == 128 && 819 * 128 == 104832);
constexpr Full limits[] = {
    // More are asked for than there is room for.
    {"Sessions",
     "lives=3 sessions=5000",
     "256M",
     {"deserialize # 819 sessions", "PASS payload -> payload: 819 sessions, 960 files"}},
    {"SessionsOf128Files",
     "lives=2 sessions=5000 session-files=128 cycle=0",
     "1536M",
     {"deserialize # 819 sessions", "PASS payload -> payload: 819 sessions, 104832 files"}},
};
INSTANTIATE_TEST_SUITE_P(Format, Limits, testing::ValuesIn(limits),
                         [](const auto &test) { return std::string(test.param.name); });

}  // namespace
