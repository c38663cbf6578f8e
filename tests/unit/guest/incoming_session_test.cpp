// SPDX-License-Identifier: GPL-2.0-or-later
// Sessions and file sets in the new kernel.
#include <memory>

#include "tests/unit/guest/luo_machine.h"

namespace guest {
namespace {

// Session "a" with tokens 10, 20, 30 (files 1, 2, 3), session "b" empty, session "c" with token 10 (file 4).
struct IncomingSession : LuoMachine {
    IncomingSession() {
        Session &a = create("a");
        create("b");
        Session &c = create("c");
        for (int i = 1; i <= 3; i++) EXPECT_EQ(luo->preserve(a, i * 10, &files[i]), Errno::ok);
        EXPECT_EQ(luo->preserve(c, 10, &files[4]), Errno::ok);
        kexec();
    }
    void deserialize() { ASSERT_EQ(luo->deserialize(header), Errno::ok) << name(luo->last_place().fault); }
    File *must_retrieve(Session &s, std::uint64_t token) {
        const Result<File *> file = luo->retrieve(s, token);
        EXPECT_TRUE(file) << token << ": " << name(file.error());
        return *file;
    }
};

TEST_F(IncomingSession, EverySessionAndFileIsThereAndTheSessionAreaIsGivenBack) {
    deserialize();
    EXPECT_EQ(luo->incoming().count(), 3u);
    EXPECT_EQ(retrieve("a").file_set.count(), 3u);
    EXPECT_EQ(retrieve("b").file_set.count(), 0u);
    EXPECT_EQ(retrieve("c").file_set.count(), 1u);
    EXPECT_FALSE(m.pages.is_incoming(header));
}

TEST_F(IncomingSession, NamesOfIncomingAndOutgoingSessionsDoNotMeet) {
    deserialize();
    EXPECT_TRUE(luo->create_session("a"));
    EXPECT_EQ(luo->create_session("a").error(), Errno::eexist);
    EXPECT_TRUE(luo->retrieve_session("a"));
}

TEST_F(IncomingSession, ASessionIsRetrievedByNameOnce) {
    deserialize();
    EXPECT_EQ(luo->retrieve_session("nobody").error(), Errno::enoent);
    EXPECT_EQ(luo->retrieve_session("").error(), Errno::enoent);
    EXPECT_TRUE(luo->retrieve_session("a"));
    EXPECT_EQ(luo->retrieve_session("a").error(), Errno::einval);
}

TEST_F(IncomingSession, FilesAreRetrievedInAnyOrderAndAgain) {
    deserialize();
    Session &a = retrieve("a");
    take_log();
    File *third = must_retrieve(a, 30);
    File *first = must_retrieve(a, 10);
    EXPECT_EQ(must_retrieve(a, 30), third) << "the same file";
    EXPECT_EQ(third->references, 3u) << "one of the set, two of ours";
    EXPECT_EQ(static_cast<TestFile *>(third)->id, 3);
    EXPECT_EQ(static_cast<TestFile *>(first)->id, 1);
    EXPECT_EQ(take_log(), (Log{"retrieve 3", "retrieve 1"})) << "the handler is asked once a file";
    EXPECT_EQ(luo->retrieve(a, 11).error(), Errno::enoent);
    EXPECT_EQ(luo->last_place().token, 11u);
}

TEST_F(IncomingSession, AFailedRetrieveIsRememberedAndNotRunAgain) {
    deserialize();
    Session &a = retrieve("a");
    handler->fail("retrieve", 1, Errno::eio);
    EXPECT_EQ(luo->retrieve(a, 20).error(), Errno::eio);
    take_log();
    EXPECT_EQ(luo->retrieve(a, 20).error(), Errno::eio);
    EXPECT_EQ(take_log(), Log{});
    EXPECT_TRUE(luo->retrieve(a, 10));
    take_log();
    EXPECT_EQ(luo->finish(a), Errno::ok);
    EXPECT_EQ(take_log(), (Log{"can_finish 1", "can_finish -", "can_finish -", "finish - 0", "finish - -5",
                               "finish 1 1"}));
}

TEST_F(IncomingSession, FinishAsksAllFirstThenEndsLastFirstAndGivesEverythingBack) {
    deserialize();
    Session &a = retrieve("a"), &b = retrieve("b"), &c = retrieve("c");
    File *file = must_retrieve(a, 20);
    take_log();
    ASSERT_EQ(luo->finish(a), Errno::ok);
    EXPECT_EQ(take_log(), (Log{"can_finish -", "can_finish 2", "can_finish -", "finish - 0", "finish 2 1",
                               "finish - 0"}));
    EXPECT_EQ(file->references, 1u) << "ours";
    EXPECT_EQ(luo->finish(a), Errno::ok) << "there is nothing left to finish";
    EXPECT_EQ(luo->retrieve(a, 20).error(), Errno::enoent);
    ASSERT_EQ(luo->release(a), Errno::ok);
    ASSERT_EQ(luo->release(b), Errno::ok);
    ASSERT_EQ(luo->release(c), Errno::ok) << "finishes what was not";
    ASSERT_EQ(luo->stop(), Errno::ok);
    EXPECT_EQ(m.pages.counts(), clean);
}

TEST_F(IncomingSession, IfOneCannotFinishNothingIsDoneAndLaterItCan) {
    deserialize();
    Session &a = retrieve("a");
    must_retrieve(a, 10);
    const Pages::Counts before = m.pages.counts();
    for (int k = 1; k <= 3; k++) {
        handler->fail("can_finish", k);
        take_log();
        EXPECT_EQ(luo->finish(a), Errno::ebusy) << k;
        EXPECT_EQ(take_log().size(), static_cast<unsigned>(k))
            << "asked up to the one that refused, none finished";
        EXPECT_EQ(luo->last_place().token, static_cast<unsigned>(k * 10));
        EXPECT_STREQ(luo->last_place().session, "a");
        EXPECT_EQ(m.pages.counts(), before) << k;
        EXPECT_EQ(a.file_set.count(), 3u) << k;
    }
    handler->fail_never();
    EXPECT_EQ(luo->finish(a), Errno::ok);
}

TEST_F(IncomingSession, AReleaseThatCannotFinishLeavesTheSession) {
    deserialize();
    Session &a = retrieve("a");
    for (int k = 1; k <= 3; k++) {
        handler->fail("can_finish", k);
        take_log();
        EXPECT_EQ(luo->release(a), Errno::ebusy) << k;
        EXPECT_EQ(take_log().size(), static_cast<unsigned>(k)) << "asked up to the one that refused";
        EXPECT_EQ(a.file_set.count(), 3u);
        EXPECT_EQ(luo->last_place().token, static_cast<unsigned>(k * 10));
    }
    EXPECT_EQ(luo->incoming().count(), 3u);
    handler->fail_never();
    EXPECT_EQ(luo->release(a), Errno::ok);
}

TEST_F(IncomingSession, AHeldFileGoesToNoOtherSessionUntilItIsFinished) {
    deserialize();
    Session &a = retrieve("a");
    File *file = must_retrieve(a, 10);
    Session &out = create("out");
    EXPECT_EQ(luo->preserve(out, 1, file), Errno::ebusy);
    ASSERT_EQ(luo->release(a), Errno::ok);
    EXPECT_EQ(luo->preserve(out, 1, file), Errno::ok) << "then it can go on to the next kernel";
}

// What is allowed on a session in which state.
TEST_F(IncomingSession, EveryOperationInEveryStateIsAllowedOrTheErrnoOfTheKernel) {
    deserialize();
    Session &outgoing = create("out"), &incoming = *luo->incoming().first(), &retrieved = retrieve("c");
    const struct {
        const char *what;
        Errno outgoing, incoming, retrieved;
        std::function<Errno(Session &)> run;
    } ops[] = {
        {"preserve", Errno::ok, Errno::einval, Errno::einval,
         [&](Session &s) { return luo->preserve(s, 99, &files[9]); }},
        {"retrieve", Errno::einval, Errno::einval, Errno::ok,
         [&](Session &s) { return luo->retrieve(s, 10).error(); }},
        {"finish", Errno::einval, Errno::einval, Errno::ok, [&](Session &s) { return luo->finish(s); }},
        {"release", Errno::ok, Errno::einval, Errno::ok, [&](Session &s) { return luo->release(s); }},
    };
    for (const auto &op : ops) {
        EXPECT_EQ(op.run(outgoing), op.outgoing) << op.what << " outgoing";
        EXPECT_EQ(op.run(incoming), op.incoming) << op.what << " incoming";
        EXPECT_EQ(op.run(retrieved), op.retrieved) << op.what << " retrieved";
    }
}

TEST_F(IncomingSession, DeserializingTwiceGivesTheFirstAnswer) {
    deserialize();
    EXPECT_EQ(luo->deserialize(header), Errno::ok);
    EXPECT_EQ(luo->deserialize(kho::PhysAddr{8}), Errno::ok);
    EXPECT_EQ(luo->incoming().count(), 3u);
}

TEST_F(IncomingSession, AMalformedSessionAreaIsRefusedForEver) {
    m.as<std::uint64_t>(header) = 820;
    EXPECT_EQ(luo->deserialize(header), Errno::einval);
    m.as<std::uint64_t>(header) = 3;
    EXPECT_EQ(luo->deserialize(header), Errno::einval) << "remembered";
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
        EXPECT_EQ(t.luo->deserialize(t.header), c.error) << c.what;
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
        const Errno error = t.luo->deserialize(t.header);
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

TEST_F(LuoMachine, NoSessionsAtAllIsLegal) {
    kexec();
    EXPECT_EQ(deserialize_fault(), Fault::none);
    EXPECT_EQ(luo->incoming().count(), 0u);
    ASSERT_EQ(luo->stop(), Errno::ok);
    EXPECT_EQ(m.pages.counts(), clean);
}

TEST_F(LuoMachine, TheFullNumberOfSessionsComesThrough) {
    for (int i = 0; i < 819; i++) {
        Session &s = create("session " + std::to_string(i));
        if (i % 10 == 0) {
            ASSERT_EQ(luo->preserve(s, i, &files[i / 10]), Errno::ok);
        }
    }
    kexec();
    ASSERT_EQ(deserialize_fault(), Fault::none);
    EXPECT_EQ(luo->incoming().count(), 819u);
    for (int i = 818; i >= 0; i--) {
        Session &s = retrieve("session " + std::to_string(i));
        if (i % 10 == 0) {
            EXPECT_TRUE(luo->retrieve(s, i)) << i;
        }
        ASSERT_EQ(luo->release(s), Errno::ok) << i;
    }
    ASSERT_EQ(luo->stop(), Errno::ok);
    EXPECT_EQ(m.pages.counts(), clean);
}

TEST_F(LuoMachine, LimitsCanBeRaisedForMeasurements) {
    const LiveUpdate::Limits limits{.sessions = 3, .files_per_set = 40000};
    ASSERT_EQ(luo->stop(), Errno::ok);
    start(limits);
    Session &s = create("s");
    std::vector<TestFile> many(40000, files[0]);
    for (std::size_t i = 0; i < many.size(); i++)
        if (luo->preserve(s, i * 0x10001, &many[i]) != Errno::ok) {
            EXPECT_GT(i, 5000u) << "until memory is full";
            break;
        }
    ASSERT_EQ(luo->release(s), Errno::ok);
    EXPECT_EQ(luo->create_session("1").error(), Errno::ok);
}

}  // namespace
}  // namespace guest
