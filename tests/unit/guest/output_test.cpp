// SPDX-License-Identifier: GPL-2.0-or-later
// Formatting and KTAP.
#include <gtest/gtest.h>

#include <limits>

#include "guest/arch/arch.h"
#include "guest/payload/ktap.h"
#include "guest/payload/status.h"
#include "tests/unit/guest/fake_console.h"

namespace guest {

std::string console;

void arch::console_write(std::string_view text) { console += text; }

namespace {

struct Output : testing::Test {
    Output() { console.clear(); }
};

template <typename... Args>
std::string line(const Args &...args) {
    console.clear();
    say(args...);
    return console;
}

TEST_F(Output, NumbersAndUnitsReadAsPeopleWriteThem) {
    EXPECT_EQ(line(0u, " ", 18446744073709551615u, " ", std::numeric_limits<std::int64_t>::min(), " ", -1),
              "0 18446744073709551615 -9223372036854775808 -1\n");
    EXPECT_EQ(line(Hex{0}, " ", Hex{0x10}, " ", Hex{~std::uint64_t{0}}), "0x0 0x10 0xffffffffffffffff\n");
    EXPECT_EQ(
        line(Mebibytes{0}, ", ", Mebibytes{12 * 1048576 + 400000}, ", ", Mebibytes{std::uint64_t{3} << 30}),
        "0.0 MiB, 12.3 MiB, 3072 MiB\n");
    EXPECT_EQ(line(Milliseconds{3249999}, ", ", Milliseconds{99}, ", ", Milliseconds{1500000000}),
              "3.2 ms, 0.0 ms, 1500 ms\n");
    EXPECT_EQ(line(Errno::enospc, ' ', Fault::token_twice), "ENOSPC token twice\n");
}

TEST_F(Output, QuotedTextCannotForgeALine) {
    EXPECT_EQ(line(Quoted{"a\nok 1 \"forged\" \x7f\xff"}), "\"a?ok 1 ?forged? ??\"\n");
}

TEST_F(Output, ALongLineIsCutAndStillEnds) {
    const std::string text = line(std::string_view(std::string(2000, 'x')));
    EXPECT_EQ(text.size(), 512u);
    EXPECT_EQ(text.back(), '\n');
}

TEST_F(Output, APlaceNamesWhatIsKnown) {
    Place place;
    place.fault = Fault::folio_not_preserved;
    EXPECT_EQ(line(place), "folio not preserved\n");
    place.address = 0x1000;
    place.index = 3;
    EXPECT_EQ(line(place), "folio not preserved, address 0x1000, entry or value 3\n");
    place.in_session = place.in_file = place.has_offset = true;
    std::snprintf(place.session, sizeof(place.session), "s");
    place.token = 7;
    place.offset = 0x3000;
    EXPECT_EQ(
        line(place),
        "session \"s\" token 0x7 offset 0x3000: folio not preserved, address 0x1000, entry or value 3\n");
}

TEST_F(Output, APlaceWithoutAFaultShowsTheErrno) {
    Place place;
    place.error = Errno::enomem;
    EXPECT_EQ(line(place), "ENOMEM\n");
    name_session(place, "s");
    place.in_file = true;
    place.token = 7;
    EXPECT_EQ(line(place), "session \"s\" token 0x7: ENOMEM\n");
    place.fault = Fault::handler_refused;
    EXPECT_EQ(line(place), "session \"s\" token 0x7: handler refused, ENOMEM\n");
}

TEST_F(Output, KtapNestsAndCounts) {
    Ktap ktap;
    ktap.begin(2);
    ktap.begin_subtest(3);
    EXPECT_TRUE(ktap.check(true, "first", 1, " page"));
    ktap.begin_subtest(2);
    EXPECT_TRUE(ktap.check(true, "inner"));
    ktap.note("why");
    EXPECT_FALSE(ktap.check(false, "broken", "measured ", 7));
    EXPECT_FALSE(ktap.end_subtest("second"));
    EXPECT_TRUE(ktap.check(true, "third"));
    ktap.totals();
    EXPECT_FALSE(ktap.end_subtest("life 1"));
    EXPECT_EQ(console,
              "KTAP version 1\n"
              "1..2\n"
              "  KTAP version 1\n"
              "  1..3\n"
              "  ok 1 first # 1 page\n"
              "    KTAP version 1\n"
              "    1..2\n"
              "    ok 1 inner\n"
              "    # why\n"
              "    not ok 2 broken # measured 7\n"
              "  not ok 2 second\n"
              "  ok 3 third\n"
              "  # Totals: pass:3 fail:2 xfail:0 xpass:0 skip:0 error:0\n"
              "not ok 1 life 1\n");
    EXPECT_TRUE(ktap.failed());
    EXPECT_EQ(ktap.first_failure(), "broken") << "the name alone";
}

TEST_F(Output, ResultsThatAreMissingOrTooManyAreNoPass) {
    for (unsigned given = 0; given < 4; given++) {
        Ktap outer;
        outer.begin(2);
        for (unsigned i = 0; i < given; i++) EXPECT_TRUE(outer.check(true, "one"));
        EXPECT_EQ(outer.passed(), given == 2) << given;

        Ktap nested;
        nested.begin(1);
        nested.begin_subtest(2);
        for (unsigned i = 0; i < given; i++) EXPECT_TRUE(nested.check(true, "one"));
        EXPECT_EQ(nested.end_subtest("all"), given == 2) << given;
        EXPECT_EQ(nested.passed(), given == 2) << given;
        EXPECT_EQ(nested.first_failure().empty(), given == 2) << given;
    }
}

TEST_F(Output, ADocumentGoesOnWhereTheLastKernelLeftIt) {
    Ktap ktap;
    ktap.resume(3, 1);
    EXPECT_TRUE(ktap.check(true, "life 2: handed over"));
    ktap.begin_subtest(1);
    EXPECT_TRUE(ktap.check(true, "inner"));
    EXPECT_TRUE(ktap.end_subtest("life 3"));
    EXPECT_TRUE(ktap.passed());
    EXPECT_EQ(console, "ok 2 life 2: handed over\n  KTAP version 1\n  1..1\n  ok 1 inner\nok 3 life 3\n");
}

TEST_F(Output, TheFirstBlameIsKept) {
    Ktap ktap;
    ktap.blame("session ", Quoted{"s"});
    EXPECT_FALSE(ktap.check(false, "a test"));
    EXPECT_EQ(ktap.first_failure(), "session \"s\"");
}

TEST_F(Output, EveryStatusHasANameAndComesBackFromIt) {
    for (std::uint32_t i = 0; i < 200; i++) {
        const auto status = static_cast<kexec_handover::Status>(i);
        if (name(status) != "unknown status") {
            EXPECT_EQ(status_named(name(status)), status) << i;
        }
    }
    EXPECT_EQ(name(kexec_handover::Status::ok), "ok");
    EXPECT_EQ(name(kexec_handover::Status::memory_failed), "memory_failed");
    EXPECT_FALSE(status_named("nonsense"));
    EXPECT_FALSE(status_named(""));
}

TEST_F(Output, EveryFaultHasANameOfItsOwn) {
    for (unsigned a = 0; a <= static_cast<unsigned>(Fault::handler_refused); a++) {
        EXPECT_NE(name(static_cast<Fault>(a)), "unknown fault") << a;
        for (unsigned b = 0; b < a; b++) EXPECT_NE(name(static_cast<Fault>(a)), name(static_cast<Fault>(b)));
    }
    EXPECT_EQ(name(static_cast<Fault>(9999)), "unknown fault");
}

}  // namespace
}  // namespace guest
