// SPDX-License-Identifier: GPL-2.0-or-later
// The kernels' own selftests of live updates: stage 1 runs on one kernel and is recorded by the payload;
// stage 2 passes on a kernel that gets the recording in a fresh machine.
#include "legs.h"
#include "selftest_leg.h"
#include "tests/temporary_folder.h"

namespace {

using harness::lines_with;
using harness::Outcome;

#define SELFTESTS_OR_SKIP()                                                \
    ASSERT_FALSE(harness::selftests().broken) << harness::selftests().why; \
    if (harness::selftests().absent)                                       \
    GTEST_SKIP() << "the kernel's selftests: " << harness::selftests().why

struct Selftest {
    const char *program;
    const char *from;
    std::vector<const char *> to;
};
void PrintTo(const Selftest &test, std::ostream *out) { *out << test.program << " from " << test.from; }

class Selftests : public testing::TestWithParam<Selftest> {};

TEST_P(Selftests, PassTheirSecondStageFromAReplay) {
    const Selftest &test = GetParam();
    KERNEL_OR_SKIP(kernel, test.from);
    SELFTESTS_OR_SKIP();
    const TemporaryFolder folder;
    const std::string recording = folder.file("recording");
    harness::Machine first =
        harness::selftest_machine(test.from, test.program, harness::payload_bzimage(), folder.path());
    first.with_device = true;
    first.device_options = "record=" + recording;
    const Outcome recorded = harness::run(first, 180);
    ASSERT_EQ(recorded.exit_status, 0) << recorded.report();
    ASSERT_EQ(lines_with(recorded.console, "INIT: Stage 1 completed successfully.").size(), 1U);
    ASSERT_EQ(lines_with(recorded.console, "PASS Linux -> payload: ").size(), 1U) << recorded.report();
    for (const char *to : test.to) {
        if (harness::linux_kernel(to).empty())
            continue;  // a test that is named after it is skipped, and says so
        EXPECT_EQ(harness::selftest_fault(harness::run(
                      harness::selftest_replay(recording, to, test.program, folder.path()), 180)),
                  "")
            << "replay on " << to;
    }
}

const Selftest selftest_legs[] = {
    {"luo_kexec_simple", "6.19", {"6.19"}},      {"luo_multi_session", "6.19", {"6.19"}},
    {"luo_kexec_simple", "7.0", {"7.0"}},        {"luo_multi_session", "7.0", {"7.0"}},
    {"luo_kexec_simple", "7.1", {"7.1"}},        {"luo_multi_session", "7.1", {"7.1"}},
    {"luo_kexec_simple", "7.2", {"7.2", "7.3"}}, {"luo_multi_session", "7.2", {"7.2", "7.3"}},
    {"luo_stress_files", "7.2", {"7.2", "7.3"}}, {"luo_stress_sessions", "7.2", {"7.2", "7.3"}},
    {"luo_kexec_simple", "7.3", {"7.3", "7.2"}}, {"luo_multi_session", "7.3", {"7.3", "7.2"}},
    {"luo_stress_files", "7.3", {"7.3", "7.2"}}, {"luo_stress_sessions", "7.3", {"7.3", "7.2"}},
};
INSTANTIATE_TEST_SUITE_P(Linux, Selftests, testing::ValuesIn(selftest_legs), [](const auto &test) {
    return name_of(testing::TestParamInfo<Leg>({test.param.from, test.param.program}, test.index));
});

// The two programs that are for 7.2 and later do not pass on older kernels, whatever comes after: these refuse
// in stage 1, at the limits of their arrays.
struct TooMany {
    Leg leg;
    const char *refusal;
};
void PrintTo(const TooMany &test, std::ostream *out) { PrintTo(test.leg, out); }

class TooManyForThisKernel : public testing::TestWithParam<TooMany> {};

TEST_P(TooManyForThisKernel, IsRefusedInStageOneByTheKernelAlone) {
    KERNEL_OR_SKIP(kernel, GetParam().leg.release);
    SELFTESTS_OR_SKIP();
    const TemporaryFolder folder;
    const Outcome outcome = harness::run(
        harness::selftest_machine(GetParam().leg.release, GetParam().leg.scenario, kernel, folder.path()),
        180);
    EXPECT_FALSE(outcome.timed_out);
    EXPECT_EQ(lines_with(outcome.console, GetParam().refusal).size(), 1U) << outcome.report();
    EXPECT_EQ(lines_with(outcome.console, "INIT: Test binary returned failure").size(), 1U)
        << outcome.report();
    EXPECT_TRUE(lines_with(outcome.console, "INIT: Starting Stage 2").empty());
}

constexpr const char *files = "create_and_preserve_memfd for index 128 ";
constexpr const char *sessions = "luo_create_session for 'many-test-818' at index 818 ";
constexpr TooMany too_many[] = {
    {{"6.19", "luo_stress_files"}, files},      {{"7.0", "luo_stress_files"}, files},
    {{"7.1", "luo_stress_files"}, files},       {{"6.19", "luo_stress_sessions"}, sessions},
    {{"7.0", "luo_stress_sessions"}, sessions}, {{"7.1", "luo_stress_sessions"}, sessions},
};
INSTANTIATE_TEST_SUITE_P(Linux, TooManyForThisKernel, testing::ValuesIn(too_many), [](const auto &test) {
    return name_of(testing::TestParamInfo<Leg>(test.param.leg, test.index));
});

}  // namespace
