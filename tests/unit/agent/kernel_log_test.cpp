// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/linux/kernel_log.h"

#include <gtest/gtest.h>

namespace {

TEST(KernelLog, ComplaintsAreFoundTheFirstOfThem) {
    struct Case {
        const char *log, *complaint;
    };
    constexpr Case cases[] = {
        {"", ""},
        {"<6>all is well\n<4>Disabling KHO\n", ""},
        {"<6>mitigations: Vulnerable: no WARNINGS\n", ""},
        {"<4>WARNING: kernel/a.c:5 at b\n<4>Call Trace:\n", "WARNING: kernel/a.c:5 at b"},
        {"<4>Call Trace:\n<4>WARNING: later\n", "Call Trace:"},
        {"<1>BUG: unable to handle page fault for address: 0\n",
         "BUG: unable to handle page fault for address: 0"},
        {"<2>kernel BUG at mm/slub.c:1!", "kernel BUG at mm/slub.c:1!"},
        {"<4>Oops: general protection fault, maybe\n", "Oops: general protection fault, maybe"},
        {"<3>UBSAN: array-index-out-of-bounds in x\n", "UBSAN: array-index-out-of-bounds in x"},
    };
    for (const Case &c : cases) EXPECT_EQ(agent::complaint(c.log), c.complaint) << c.log;
}

TEST(KernelLog, TheLiveUpdateNumberIsTheOneOfTheLineThatTakesTheData) {
    EXPECT_EQ(agent::liveupdate_number("a\nluo: Retrieved live update data, liveupdate number: 7\nb\n"),
              "liveupdate number: 7");
    EXPECT_EQ(agent::liveupdate_number("luo: Retrieved live update data\nliveupdate number: 7\n"), "");
    EXPECT_EQ(agent::liveupdate_number("liveupdate number: 7\n"), "");
    EXPECT_EQ(agent::liveupdate_number(""), "");
}

TEST(KernelLog, OccurrencesAreCounted) {
    EXPECT_EQ(agent::occurrences("ab abab", "ab"), 3U);
    EXPECT_EQ(agent::occurrences("", "ab"), 0U);
}

}  // namespace
