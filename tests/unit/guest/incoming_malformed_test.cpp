// SPDX-License-Identifier: GPL-2.0-or-later
// Session and file arrays that must be refused.
#include "tests/unit/guest/incoming_session.h"

namespace guest {
namespace {

TEST_F(IncomingSession, AMalformedSessionAreaIsRefusedForEver) {
    m.as<std::uint64_t>(header) = 820;
    EXPECT_EQ(luo->deserialize({.sessions = header, .flbs = flb_header}), Errno::einval);
    m.as<std::uint64_t>(header) = 3;
    EXPECT_EQ(luo->deserialize({.sessions = header, .flbs = flb_header}), Errno::einval) << "remembered";
    EXPECT_EQ(luo->last_place().fault, Fault::session_count);
    EXPECT_EQ(luo->last_place().index, 820u);
}

TEST_F(IncomingSession, MalformedSessionsAndFilesAreRefusedWithFaultSessionAndToken) {
    struct Case {
        const char *what;
        Fault fault;
        Errno error;
        const char *session;  // nullptr: no session is to blame
        std::uint64_t token;  // 0: no file is
        void (*damage)(IncomingSession &t);
    };
    static const Case cases[] = {
        {"area not preserved", Fault::session_area, Errno::einval, nullptr, 0,
         [](IncomingSession &t) { t.header = kho::PhysAddr{0x3000000 - 0x10000}; }},
        {"area unaligned", Fault::session_area, Errno::einval, nullptr, 0,
         [](IncomingSession &t) { t.header = t.header + 8; }},
        {"area at 0", Fault::session_area, Errno::einval, nullptr, 0,
         [](IncomingSession &t) { t.header = kho::PhysAddr{0}; }},
        {"area of the wrong size", Fault::session_area, Errno::einval, nullptr, 0,
         [](IncomingSession &t) { t.header = kho::PhysAddr{t.session_ser(0).file_set.files}; }},
        {"more sessions than fit", Fault::session_count, Errno::einval, nullptr, 0,
         [](IncomingSession &t) { t.m.as<std::uint64_t>(t.header) = ~std::uint64_t{0}; }},
        {"empty name", Fault::session_name, Errno::einval, "", 0,
         [](IncomingSession &t) { t.session_ser(1).name[0] = 0; }},
        {"unterminated name", Fault::session_name, Errno::einval,
         "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 0,
         [](IncomingSession &t) { std::memset(t.session_ser(2).name, 'x', 64); }},
        {"name twice", Fault::session_twice, Errno::eexist, "a", 0,
         [](IncomingSession &t) { std::strcpy(t.session_ser(2).name, "a"); }},
        {"a count without files", Fault::count_without_files, Errno::einval, "b", 0,
         [](IncomingSession &t) { t.session_ser(1).file_set.count = 1; }},
        {"files without a count", Fault::files_without_count, Errno::einval, "a", 0,
         [](IncomingSession &t) { t.session_ser(0).file_set.count = 0; }},
        {"129 files", Fault::file_count, Errno::einval, "a", 0,
         [](IncomingSession &t) { t.session_ser(0).file_set.count = 129; }},
        {"2^64 - 1 files", Fault::file_count, Errno::einval, "a", 0,
         [](IncomingSession &t) { t.session_ser(0).file_set.count = ~std::uint64_t{0}; }},
        {"a file more than there is", Fault::file_compatible, Errno::einval, "a", 0,
         [](IncomingSession &t) { t.session_ser(0).file_set.count = 4; }},
        {"files outside of RAM", Fault::file_area, Errno::einval, "a", 0,
         [](IncomingSession &t) { t.session_ser(0).file_set.files = std::uint64_t{1} << 50; }},
        {"files in free memory", Fault::file_area, Errno::einval, "a", 0,
         [](IncomingSession &t) { t.session_ser(0).file_set.files = 0x2f00000; }},
        {"files unaligned", Fault::file_area, Errno::einval, "a", 0,
         [](IncomingSession &t) { t.session_ser(0).file_set.files += 64; }},
        {"files in a block of another size", Fault::file_area, Errno::einval, "a", 0,
         [](IncomingSession &t) { t.session_ser(0).file_set.files = kho::value(t.header); }},
        {"one array for two sessions", Fault::file_area_shared, Errno::einval, "c", 0,
         [](IncomingSession &t) { t.session_ser(2).file_set = t.session_ser(0).file_set; }},
        {"empty compatible", Fault::file_compatible, Errno::einval, "a", 20,
         [](IncomingSession &t) { t.file_ser(0, 1).compatible[0] = 0; }},
        {"unterminated compatible", Fault::file_compatible, Errno::einval, "a", 20,
         [](IncomingSession &t) { std::memset(t.file_ser(0, 1).compatible, 'x', 48); }},
        {"unknown compatible", Fault::file_no_handler, Errno::enoent, "a", 30,
         [](IncomingSession &t) { std::strcpy(t.file_ser(0, 2).compatible, "test-v2"); }},
        {"a compatible that is only a prefix", Fault::file_no_handler, Errno::enoent, "a", 30,
         [](IncomingSession &t) { std::strcpy(t.file_ser(0, 2).compatible, "test"); }},
        {"token twice", Fault::token_twice, Errno::eexist, "a", 10,
         [](IncomingSession &t) { t.file_ser(0, 2).token = 10; }},
    };
    class Run : public IncomingSession {
        void TestBody() override {}
    };
    for (const Case &c : cases) {
        Run t;
        c.damage(t);
        const Pages::Counts before = t.m.pages.counts();
        EXPECT_EQ(t.luo->deserialize({.sessions = t.header, .flbs = t.flb_header}), c.error) << c.what;
        const Place &place = t.luo->last_place();
        EXPECT_EQ(place.fault, c.fault) << c.what;
        EXPECT_EQ(place.in_session, c.session != nullptr) << c.what;
        if (c.session != nullptr) {
            EXPECT_STREQ(place.session, c.session) << c.what;
        }
        if (c.token != 0) {
            EXPECT_TRUE(place.in_file && place.token == c.token) << c.what << " token " << place.token;
        }
        EXPECT_EQ(t.luo->incoming().count(), 0u) << c.what;
        EXPECT_EQ(t.m.pages.counts(), before) << c.what << ": nothing was given back, nothing was kept";
        EXPECT_EQ(t.luo->retrieve_session("a").error(), Errno::enoent) << c.what;
    }
}

TEST_F(IncomingSession, EveryFailedAllocationOfDeserializeIsFoundAndUndone) {
    class Run : public IncomingSession {
        void TestBody() override {}
    };
    for (std::uint64_t n = 1;; n++) {
        Run t;
        const Pages::Counts before = t.m.pages.counts();
        t.m.pages.fail_allocation(n);
        const Errno error = t.luo->deserialize({.sessions = t.header, .flbs = t.flb_header});
        if (t.m.pages.failure_pending()) {
            EXPECT_EQ(error, Errno::ok);
            EXPECT_GT(n, 2u);
            break;
        }
        EXPECT_EQ(error, Errno::enomem) << n;
        EXPECT_EQ(t.luo->last_place().fault, Fault::out_of_memory) << n;
        EXPECT_EQ(t.m.pages.counts(), before) << n;
    }
}

}  // namespace
}  // namespace guest
