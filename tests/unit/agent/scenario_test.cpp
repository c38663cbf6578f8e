// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/linux/agent_scenario.h"

#include <gtest/gtest.h>

#include <set>

using agent::Limits;
using agent::Release;

namespace {

constexpr const char *scenarios[] = {"empty", "one", "many-files", "many-sessions",
                                     "mixed", "flb", "memblock",   "kho_test"};
constexpr Release releases[] = {{6, 19}, {7, 0}, {7, 1}, {7, 2}, {7, 3}};

TEST(Scenario, ReleasesAreReadFromUname) {
    EXPECT_EQ(Release::from("6.19.14"), (Release{6, 19}));
    EXPECT_EQ(Release::from("7.2-rc1+"), (Release{7, 2}));
    EXPECT_EQ(Release::from("7"), Release{});
    EXPECT_EQ(Release::from(""), Release{});
    EXPECT_EQ(Release::from("payload"), Release{});
    EXPECT_LT((Release{6, 19}), (Release{7, 0}));
}

TEST(Scenario, FitsTheFormatOfEachRelease) {
    for (const Release release : releases)
        for (const char *name : scenarios) {
            ASSERT_TRUE(agent::is_scenario(name));
            const Limits limits = Limits::of(release);
            const auto sessions = agent::sessions_of(name, limits);
            // Beside them there is the one of the manifest.
            EXPECT_LT(sessions.size(), limits.sessions);
            for (const auto &session : sessions) {
                EXPECT_LE(session.files.size(), (release >= Release{7, 2} ? 630000U : 128U));
                EXPECT_LT(session.name.size(), 64U);
                for (const auto &file : session.files)
                    EXPECT_EQ(file.seals.has_value(), (release >= Release{7, 1})) << session.name;
            }
        }
}

TEST(Scenario, HasNoNameTokenOrSeedTwice) {
    for (const char *name : scenarios) {
        std::set<std::string> names;
        std::set<std::uint64_t> seeds;
        std::size_t files = 0;
        for (const auto &session : agent::sessions_of(name, Limits::of({7, 3}))) {
            EXPECT_TRUE(names.insert(session.name).second);
            EXPECT_NE(session.name, agent::manifest_session);
            std::set<std::uint64_t> tokens;
            for (const auto &file : session.files) {
                EXPECT_TRUE(tokens.insert(file.token).second);
                seeds.insert(file.seed);
                files++;
            }
        }
        EXPECT_EQ(seeds.size(), files);
    }
}

TEST(Scenario, CountsWhatItsNameSays) {
    EXPECT_TRUE(agent::sessions_of("empty", Limits::of({7, 3})).empty());
    EXPECT_EQ(agent::sessions_of("many-files", Limits::of({7, 2})).at(0).files.size(), 500U);
    EXPECT_EQ(agent::sessions_of("many-files", Limits::of({7, 1})).at(0).files.size(), 128U);
    EXPECT_EQ(agent::sessions_of("many-sessions", Limits::of({7, 2})).size(), 1999U);
    EXPECT_EQ(agent::sessions_of("many-sessions", Limits::of({6, 19})).size(), 818U);
    EXPECT_FALSE(agent::is_scenario("nonsense"));
}

}  // namespace
