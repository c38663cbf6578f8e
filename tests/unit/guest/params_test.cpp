// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/payload/params.h"

#include <gtest/gtest.h>

namespace guest {
namespace {

TEST(Params, NumbersHaveBasesSuffixesAndBounds) {
    const struct {
        const char *text;
        std::optional<std::uint64_t> expected;
    } cases[] = {
        {"0", 0},
        {"42", 42},
        {"0x2a", 42},
        {"0XfF", 255},
        {"8k", 8192},
        {"32M", 32 << 20},
        {"2G", std::uint64_t{2} << 30},
        {"18446744073709551615", ~std::uint64_t{0}},
        {"18446744073709551616", std::nullopt},
        {"99999999999999999999999", std::nullopt},
        {"17179869184G", std::nullopt},
        {"", std::nullopt},
        {"0x", std::nullopt},
        {"k", std::nullopt},
        {"12a", std::nullopt},
        {"1kk", std::nullopt},
        {"-1", std::nullopt},
    };
    for (const auto &c : cases) EXPECT_EQ(parse_number(c.text), c.expected) << c.text;
}

TEST(Params, TheDefaultsAreThoseOfTheMainJob) {
    const Params p = Params::parse("");
    EXPECT_EQ(p.lives, 2u);
    EXPECT_EQ(p.watchdog, 60u);
    EXPECT_TRUE(p.strict);
    EXPECT_EQ(p.not_understood, 0u);
}

TEST(Params, WordsAreSplitAsLinuxDoes) {
    const Params p = Params::parse("  lives=3\tstrict=0 break=\"bad magic\" \"expect=a b\" scratch=16M  ");
    EXPECT_EQ(p.lives, 3u);
    EXPECT_FALSE(p.strict);
    EXPECT_EQ(p.break_case, "bad magic");
    EXPECT_EQ(p.expect, "a b");
    EXPECT_EQ(p.scratch, 16u << 20);
    EXPECT_EQ(p.not_understood, 0u);
}

TEST(Params, WhatIsNotUnderstoodIsCountedAndTheRestStillHolds) {
    const Params p = Params::parse("console=ttyS0 quiet lives=0x lives=5 lives=0 strict=2 \"");
    EXPECT_EQ(p.not_understood, 6u);
    EXPECT_EQ(p.first_not_understood, "console=ttyS0");
    EXPECT_EQ(p.lives, 5u);
}

TEST(Params, ForgetTakesSessionTokenAndPageAndTheSessionMayHoldColonsAndSpaces) {
    const struct {
        const char *line;
        const char *session;
        std::uint64_t token, page;
        unsigned bad;
    } cases[] = {
        {"forget=a:1:2", "a", 1, 2, 0},
        {"forget=\"b c:d:0x10:3\"", "b c:d", 16, 3, 0},
        {"forget=a", "", 0, 0, 1},
        {"forget=a:1", "", 0, 0, 1},
        {"forget=:1:2", "", 0, 0, 1},
        {"forget=:", "", 0, 0, 1},
        {"forget=a:x:2", "", 0, 0, 1},
        {"forget=a:1:x", "", 0, 0, 1},
        {"forget=a:1:2 forget=b:3:x", "a", 1, 2, 1},
    };
    for (const auto &c : cases) {
        const Params p = Params::parse(c.line);
        EXPECT_EQ(p.not_understood, c.bad) << c.line;
        EXPECT_EQ(p.forget_session, c.session) << c.line;
        EXPECT_EQ(p.forget_token, c.token) << c.line;
        EXPECT_EQ(p.forget_page, c.page) << c.line;
    }
}

}  // namespace
}  // namespace guest
