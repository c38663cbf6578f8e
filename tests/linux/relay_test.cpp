// SPDX-License-Identifier: GPL-2.0-or-later
// Linux A -> payload -> Linux B in one machine, poison on: the payload validates what A left, all of A's own
// memory is destroyed, and B finds every byte.
#include "legs.h"
#include "payload_leg.h"
#include "tests/temporary_folder.h"

namespace {

using harness::lines_with;
using harness::Outcome;

struct Pair {
    const char *from;
    const char *to;
};
void PrintTo(const Pair &pair, std::ostream *out) { *out << pair.from << " -> " << pair.to; }

Outcome relay(const Pair &pair, const std::string &options = "") {
    const TemporaryFolder folder;
    return harness::run(
        harness::to_payload(pair.from, "mixed", folder.path(), options + harness::to_linux(pair.to)), 120);
}

class Relay : public testing::TestWithParam<Pair> {};

TEST_P(Relay, EveryByteArrivesThoughTheFirstKernelsMemoryIsGone) {
    KERNEL_OR_SKIP(from, GetParam().from);
    KERNEL_OR_SKIP(to, GetParam().to);
    const Outcome outcome = relay(GetParam());
    EXPECT_TRUE(harness::payload_verified(outcome.console)) << outcome.log;
    EXPECT_TRUE(harness::linux_verified(outcome, harness::manifest_on(outcome.console)));
    const auto verdict = lines_with(outcome.console, "PASS Linux ");
    ASSERT_EQ(verdict.size(), 1U);
    EXPECT_TRUE(verdict[0].starts_with(std::string("PASS Linux ") + GetParam().from + ".")) << verdict[0];
    EXPECT_NE(verdict[0].find(std::string(" -> Linux ") + GetParam().to + "."), std::string::npos)
        << verdict[0];
}

constexpr Pair same_format[] = {
    {"6.19", "6.19"}, {"7.0", "7.0"}, {"7.1", "7.1"}, {"7.2", "7.3"}, {"7.3", "7.2"}};
std::string name_of_pair(const testing::TestParamInfo<Pair> &test) {
    std::string name = "From" + std::string(test.param.from) + "To" + test.param.to;
    std::ranges::replace(name, '.', '_');
    return name;
}
INSTANTIATE_TEST_SUITE_P(Linux, Relay, testing::ValuesIn(same_format), name_of_pair);

// Though all version strings are the same.
TEST(Relay, From6_19To7_0EndsInThePanicThatItIsKnownFor) {
    KERNEL_OR_SKIP(from, "6.19");
    KERNEL_OR_SKIP(to, "7.0");
    const Outcome outcome = relay({"6.19", "7.0"});
    EXPECT_FALSE(outcome.timed_out);
    EXPECT_TRUE(harness::payload_verified(outcome.console)) << outcome.log;
    EXPECT_FALSE(lines_with(outcome.console, "luo: Unable to get FLB node").empty()) << outcome.report();
    EXPECT_FALSE(lines_with(outcome.console, "Kernel panic - not syncing").empty()) << outcome.report();
    EXPECT_TRUE(lines_with(outcome.console, "PASS ").empty()) << outcome.report();
}

}  // namespace
