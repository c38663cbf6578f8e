// SPDX-License-Identifier: GPL-2.0-or-later
// 500 files in one session, and 2000 sessions, recorded from one kernel and given to another that never saw
// it.
#include "legs.h"
#include "payload_leg.h"
#include "tests/temporary_folder.h"

namespace {

struct Crowd {
    Leg leg;
    std::uint64_t sessions;  // at least, beside that of the manifest
    std::uint64_t files_in_one;
};
void PrintTo(const Crowd &crowd, std::ostream *out) { PrintTo(crowd.leg, out); }

class Limits : public testing::TestWithParam<Crowd> {};

TEST_P(Limits, PassByRecordAndReplay) {
    const Leg &leg = GetParam().leg;
    KERNEL_OR_SKIP(kernel, leg.release);
    const TemporaryFolder folder;
    const std::string recording = folder.file("recording");
    const harness::Outcome recorded = harness::run(
        harness::to_payload(leg.release, leg.scenario, folder.path(), "record=" + recording), 180);
    ASSERT_EQ(recorded.exit_status, 0) << recorded.report();
    ASSERT_TRUE(harness::payload_verified(recorded.console)) << recorded.log;
    const agent::Manifest manifest = harness::manifest_on(recorded.console);
    EXPECT_GE(manifest.sessions.size(), GetParam().sessions);
    std::uint64_t most = 0;
    for (const auto &session : manifest.sessions) most = std::max<std::uint64_t>(most, session.files.size());
    EXPECT_GE(most, GetParam().files_in_one);

    for (const char *to : {"7.2", "7.3"}) {
        SCOPED_TRACE(std::string("to ") + to);
        if (harness::linux_kernel(to).empty())
            continue;  // the leg of its own release is skipped, and says so
        const harness::Outcome outcome = harness::run(harness::replay(recording, to), 180);
        EXPECT_TRUE(harness::linux_verified(outcome, manifest));
        EXPECT_FALSE(harness::lines_with(outcome.console, std::string(" -> Linux ") + to + ".").empty());
    }
}

constexpr Crowd crowds[] = {{{"7.2", "many-files"}, 1, 500},
                            {{"7.3", "many-files"}, 1, 500},
                            {{"7.2", "many-sessions"}, 1999, 1},
                            {{"7.3", "many-sessions"}, 1999, 1}};
INSTANTIATE_TEST_SUITE_P(Linux, Limits, testing::ValuesIn(crowds), [](const auto &test) {
    return name_of(testing::TestParamInfo<Leg>(test.param.leg, test.index));
});

}  // namespace
