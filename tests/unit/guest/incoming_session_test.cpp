// SPDX-License-Identifier: GPL-2.0-or-later
// Sessions and file sets in the new kernel.
#include "tests/unit/guest/incoming_session.h"

namespace guest {
namespace {

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
    EXPECT_EQ(luo->retrieve_session("no such session").error(), Errno::enoent);
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
    calls.fail(Callback::retrieve, 1, Errno::eio);
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
    put_file(*file);
    ASSERT_EQ(luo->stop(), Errno::ok);
    EXPECT_EQ(m.pages.counts(), clean);
}

TEST_F(IncomingSession, IfOneCannotFinishNothingIsDoneAndLaterItCan) {
    deserialize();
    Session &a = retrieve("a");
    must_retrieve(a, 10);
    const Pages::Counts before = m.pages.counts();
    for (int k = 1; k <= 3; k++) {
        calls.fail(Callback::can_finish, k);
        take_log();
        EXPECT_EQ(luo->finish(a), Errno::ebusy) << k;
        EXPECT_EQ(take_log().size(), static_cast<unsigned>(k))
            << "asked up to the one that refused, none finished";
        EXPECT_EQ(luo->last_place().token, static_cast<unsigned>(k * 10));
        EXPECT_STREQ(luo->last_place().session, "a");
        EXPECT_EQ(m.pages.counts(), before) << k;
        EXPECT_EQ(a.file_set.count(), 3u) << k;
    }
    calls.fail_never();
    EXPECT_EQ(luo->finish(a), Errno::ok);
}

TEST_F(IncomingSession, AReleaseThatCannotFinishLeavesTheSession) {
    deserialize();
    Session &a = retrieve("a");
    for (int k = 1; k <= 3; k++) {
        calls.fail(Callback::can_finish, k);
        take_log();
        EXPECT_EQ(luo->release(a), Errno::ebusy) << k;
        EXPECT_EQ(take_log().size(), static_cast<unsigned>(k)) << "asked up to the one that refused";
        EXPECT_EQ(a.file_set.count(), 3u);
        EXPECT_EQ(luo->last_place().token, static_cast<unsigned>(k * 10));
    }
    EXPECT_EQ(luo->incoming().count(), 3u);
    calls.fail_never();
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

TEST_F(IncomingSession, DeserializingTwiceGivesTheFirstAnswer) {
    deserialize();
    EXPECT_EQ(luo->deserialize({.sessions = header, .flbs = flb_header}), Errno::ok);
    EXPECT_EQ(luo->deserialize({.sessions = kho::PhysAddr{8}}), Errno::ok);
    EXPECT_EQ(luo->incoming().count(), 3u);
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
        if (i % 10 == 0)
            put_file(*must_retrieve(s, i));
        ASSERT_EQ(luo->release(s), Errno::ok) << i;
    }
    ASSERT_EQ(luo->stop(), Errno::ok);
    EXPECT_EQ(m.pages.counts(), clean);
}

TEST_F(LuoMachine, LimitsCanBeRaisedForMeasurements) {
    constexpr Limits limits{.sessions = 3, .files_per_set = 40000};
    ASSERT_EQ(luo->stop(), Errno::ok);
    start<limits>();
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
