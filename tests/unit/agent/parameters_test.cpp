// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/linux/parameters.h"

#include <gtest/gtest.h>

using agent::Parameters;

namespace {

TEST(AgentParameters, AreFoundAmongTheOthers) {
    const char *line = "quiet a=1 xa=2 a.b=3 c=\"four five\" \"d=six seven\" a=9 e=\n";
    EXPECT_EQ(agent::parameter(line, "a"), "1");
    EXPECT_EQ(agent::parameter(line, "a.b"), "3");
    EXPECT_EQ(agent::parameter(line, "c"), "four five");
    EXPECT_EQ(agent::parameter(line, "e"), "");
    EXPECT_EQ(agent::parameter(line, "quiet"), std::nullopt);
    EXPECT_EQ(agent::parameter(line, "five"), std::nullopt);
    EXPECT_EQ(agent::parameter("", "a"), std::nullopt);
}

TEST(AgentParameters, CanBeSetForTheNextKernel) {
    EXPECT_EQ(agent::with_parameter("a=1 b=2 c=3\n", "b", "4"), "a=1 b=4 c=3");
    EXPECT_EQ(agent::with_parameter("a=1\n", "b", "4"), "a=1 b=4");
    EXPECT_EQ(agent::with_parameter("b=\"x y\" a=1", "b", "4"), "b=4 a=1");
}

TEST(AgentParameters, HaveDefaults) {
    std::string why;
    const Parameters parameters = Parameters::from("console=ttyS0\n", why);
    EXPECT_EQ(why, "");
    EXPECT_EQ(parameters.scenario, "mixed");
    EXPECT_FALSE(parameters.has_scenario);
    EXPECT_EQ(parameters.stage, 1U);
    EXPECT_EQ(parameters.then, Parameters::Then::kexec);
    EXPECT_EQ(parameters.watchdog, 60U);
}

TEST(AgentParameters, AreTakenAsGiven) {
    std::string why;
    const Parameters parameters =
        Parameters::from("agent.scenario=flb agent.stage=2 agent.then=pause agent.watchdog=5", why);
    EXPECT_EQ(why, "");
    EXPECT_EQ(parameters.scenario, "flb");
    EXPECT_TRUE(parameters.has_scenario);
    EXPECT_EQ(parameters.stage, 2U);
    EXPECT_EQ(parameters.then, Parameters::Then::pause);
    EXPECT_EQ(parameters.watchdog, 5U);
}

TEST(AgentParameters, ThatCannotBeFollowedAreNamed) {
    for (const char *wrong : {"agent.scenario=", "agent.scenario=x", "agent.stage=0", "agent.stage=3",
                              "agent.stage=1x", "agent.then=", "agent.then=x", "agent.watchdog=0",
                              "agent.watchdog=-1", "agent.watchdog=99999999999"}) {
        std::string why;
        Parameters::from(std::string("a=b ") + wrong + "\n", why);
        EXPECT_TRUE(why.starts_with(std::string(wrong) + ":")) << wrong << " gave " << why;
    }
}

}  // namespace
