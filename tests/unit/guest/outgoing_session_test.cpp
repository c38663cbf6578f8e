// SPDX-License-Identifier: GPL-2.0-or-later
// Sessions and file sets in the old kernel.
#include <memory>

#include "tests/unit/guest/luo_machine.h"

namespace guest {
namespace {

using OutgoingSession = LuoMachine;

TEST_F(OutgoingSession, ANameIsOneToSixtyThreeBytesAndUnique) {
    const std::string longest(63, 'n'), too_long(64, 'n');
    const struct {
        std::string_view name;
        Errno expected;
    } cases[] = {
        {"", Errno::einval},
        {"a", Errno::ok},
        {"a", Errno::eexist},
        {longest, Errno::ok},
        {longest, Errno::eexist},
        {too_long, Errno::einval},
        {std::string_view("b\0c", 3), Errno::einval},
        {"\xff\x01 any bytes", Errno::ok},
    };
    for (const auto &c : cases) EXPECT_EQ(luo->create_session(c.name).error(), c.expected) << c.name;
    EXPECT_EQ(luo->outgoing().count(), 3u);
}

TEST_F(OutgoingSession, TheEightHundredTwentiethIsENOSPC) {
    for (int i = 0; i < 819; i++) ASSERT_TRUE(luo->create_session("s" + std::to_string(i))) << i;
    EXPECT_EQ(luo->create_session("one more").error(), Errno::enospc);
    while (Session *s = luo->outgoing().first()) ASSERT_EQ(luo->release(*s), Errno::ok);
    ASSERT_EQ(luo->stop(), Errno::ok);
    EXPECT_EQ(m.pages.counts(), clean);
}

TEST_F(OutgoingSession, WithLiveUpdateOffThereIsNothing) {
    LiveUpdate off;
    ASSERT_EQ(off.start(m.pages, false), Errno::ok);
    EXPECT_EQ(off.create_session("s").error(), Errno::eopnotsupp);
    EXPECT_EQ(off.retrieve_session("s").error(), Errno::eopnotsupp);
    EXPECT_EQ(off.serialize(), Errno::eopnotsupp);
    EXPECT_EQ(off.deserialize({.sessions = header}), Errno::eopnotsupp);
    EXPECT_EQ(off.session_header(), kho::PhysAddr{});
}

TEST_F(OutgoingSession, PreserveRefusesWithTheKernelsErrnoAndTakesNothing) {
    Session &s = create("s");
    ASSERT_EQ(luo->preserve(s, 1, &files[0]), Errno::ok);
    const FileType foreign{"foreign", nullptr};
    TestFile stranger, held_stranger;
    stranger.type = held_stranger.type = &foreign;
    stranger.references = held_stranger.references = 1;
    held_stranger.held = true;
    const Pages::Counts before = m.pages.counts();
    const struct {
        const char *what;
        std::uint64_t token;
        File *file;
        Errno expected;
    } cases[] = {
        {"token used", 1, &files[1], Errno::eexist},  {"token used, and no file", 1, nullptr, Errno::eexist},
        {"no file", 2, nullptr, Errno::ebadf},        {"no handler takes it", 2, &stranger, Errno::enoent},
        {"held already", 2, &files[0], Errno::ebusy}, {"both", 2, &held_stranger, Errno::enoent},
    };
    for (const auto &c : cases) {
        EXPECT_EQ(luo->preserve(s, c.token, c.file), c.expected) << c.what;
        EXPECT_EQ(m.pages.counts(), before) << c.what;
        EXPECT_EQ(s.file_set.count(), 1u) << c.what;
        EXPECT_EQ(luo->last_place().token, c.token) << c.what;
        EXPECT_STREQ(luo->last_place().session, "s") << c.what;
        EXPECT_EQ(luo->last_place().error, c.expected) << c.what;
    }
    EXPECT_EQ(files[0].references, 2u);
    EXPECT_EQ(files[1].references, 1u);
}

TEST_F(OutgoingSession, TheHandlersOwnErrorComesThroughAndNothingLeaks) {
    Session &s = create("s");
    const Pages::Counts before = m.pages.counts();
    calls.fail(Callback::preserve, 1, Errno::eio);
    EXPECT_EQ(luo->preserve(s, 1, &files[0]), Errno::eio);
    EXPECT_EQ(m.pages.counts(), before);
    EXPECT_EQ(files[0].references, 1u);
    EXPECT_FALSE(files[0].held);
    EXPECT_EQ(luo->preserve(s, 1, &files[0]), Errno::ok) << "the token is free again";
}

TEST_F(OutgoingSession, TheHundredTwentyNinthFileIsENOSPCBeforeAnythingIsTaken) {
    Session &s = create("s");
    for (int i = 0; i < 128; i++) ASSERT_EQ(luo->preserve(s, 1000 - i, &files[i]), Errno::ok) << i;
    take_log();
    const Pages::Counts before = m.pages.counts();
    EXPECT_EQ(luo->preserve(s, 0, &files[128]), Errno::enospc);
    EXPECT_EQ(luo->preserve(s, 0, nullptr), Errno::enospc);
    EXPECT_EQ(luo->preserve(s, 1000, &files[128]), Errno::eexist)
        << "the token comes first, as in the kernel";
    EXPECT_EQ(take_log(), Log{});
    EXPECT_EQ(m.pages.counts(), before);
}

TEST_F(OutgoingSession, OneTokenInTwoSessionsIsTwoFiles) {
    Session &a = create("a"), &b = create("b");
    EXPECT_EQ(luo->preserve(a, 7, &files[1]), Errno::ok);
    EXPECT_EQ(luo->preserve(b, 7, &files[2]), Errno::ok);
    EXPECT_EQ(luo->preserve(b, 8, &files[1]), Errno::ebusy) << "but one file is not in two sessions";
}

TEST_F(OutgoingSession, ReleaseUnpreservesLastFirstAndDropsTheReferences) {
    Session &s = create("s");
    for (int i = 0; i < 3; i++) ASSERT_EQ(luo->preserve(s, i, &files[i]), Errno::ok);
    files[2].references--;  // the user closes it; only the session keeps it
    take_log();
    ASSERT_EQ(luo->release(s), Errno::ok);
    EXPECT_EQ(take_log(), (Log{"unpreserve 2", "unpreserve 1", "unpreserve 0"}));
    EXPECT_TRUE(files[2].released);
    EXPECT_EQ(files[0].references, 1u);
    EXPECT_EQ(luo->outgoing().count(), 0u);
    ASSERT_EQ(luo->stop(), Errno::ok);
    EXPECT_EQ(m.pages.counts(), clean);
}

TEST_F(OutgoingSession, FreezeAsksInTheOrderOfPreservationAndSerializesExactly) {
    Session &a = create("a");
    create("empty");
    ASSERT_EQ(luo->preserve(a, 30, &files[3]), Errno::ok);
    ASSERT_EQ(luo->preserve(a, 10, &files[1]), Errno::ok);
    take_log();
    ASSERT_EQ(luo->serialize(), Errno::ok);
    EXPECT_EQ(take_log(), (Log{"freeze 3", "freeze 1"}));
    header = luo->session_header();
    EXPECT_EQ(*m.pages.order_of(header), 4u) << "16 pages";
    EXPECT_EQ(m.as<std::uint64_t>(header), 2u);
    EXPECT_STREQ(session_ser(0).name, "a");
    EXPECT_EQ(session_ser(0).file_set.count, 2u);
    EXPECT_EQ(*m.pages.order_of(kho::PhysAddr{session_ser(0).file_set.files}), 1u) << "2 pages";
    EXPECT_STREQ(file_ser(0, 0).compatible, "test-v1");
    EXPECT_EQ(file_ser(0, 0).token, 30u);
    EXPECT_EQ(file_ser(0, 0).data & TestHandler::frozen, TestHandler::frozen) << "what freeze made of it";
    EXPECT_EQ(file_ser(0, 1).token, 10u);
    EXPECT_STREQ(session_ser(1).name, "empty");
    EXPECT_EQ(session_ser(1).file_set.files, 0u);
    EXPECT_EQ(session_ser(1).file_set.count, 0u);
}

// Two sessions of three files; file k of all refuses to freeze.
TEST_F(OutgoingSession, AFailedFreezeIsUndoneInReverseWhereverItFails) {
    Session &a = create("a"), &b = create("b");
    for (int i = 0; i < 3; i++) ASSERT_EQ(luo->preserve(a, i, &files[i]), Errno::ok);
    for (int i = 3; i < 6; i++) ASSERT_EQ(luo->preserve(b, i, &files[i]), Errno::ok);
    header = luo->session_header();
    const Pages::Counts before = m.pages.counts();
    for (int k = 0; k < 6; k++) {
        take_log();
        calls.fail(Callback::freeze, k + 1, Errno::ebusy);
        EXPECT_EQ(luo->serialize(), Errno::ebusy) << k;
        Log expected;
        for (int i = 0; i <= k; i++) expected.push_back("freeze " + std::to_string(i));
        for (int i = k; i-- > 0;) expected.push_back("unfreeze " + std::to_string(i));
        EXPECT_EQ(take_log(), expected) << k;
        EXPECT_EQ(luo->last_place().token, static_cast<unsigned>(k));
        EXPECT_STREQ(luo->last_place().session, k < 3 ? "a" : "b");
        EXPECT_EQ(luo->last_place().fault, Fault::handler_refused);
        for (std::uint64_t i = 0; i < kho::abi::session_area_pages * kho::page_size; i += 8)
            ASSERT_EQ(m.as<std::uint64_t>(header + i), 0u) << "file " << k << ", byte " << i;
        EXPECT_EQ(m.pages.counts(), before) << k;
        EXPECT_EQ(luo->unserialize(), Errno::einval) << "nothing is frozen";
    }
    calls.fail_never();
    EXPECT_EQ(luo->serialize(), Errno::ok) << "the second attempt succeeds";
    EXPECT_EQ(session_ser(1).file_set.count, 3u);
}

TEST_F(OutgoingSession, WithoutFreezeCallbacksFreezingStillSerializes) {
    handler->ops_table.freeze = nullptr;
    handler->ops_table.unfreeze = nullptr;
    Session &s = create("s");
    ASSERT_EQ(luo->preserve(s, 1, &files[0]), Errno::ok);
    ASSERT_EQ(luo->serialize(), Errno::ok);
    header = luo->session_header();
    EXPECT_EQ(file_ser(0, 0).token, 1u);
    ASSERT_EQ(luo->unserialize(), Errno::ok);
    EXPECT_EQ(m.as<std::uint64_t>(header), 0u);
}

TEST_F(OutgoingSession, WithoutUnfreezeTheDataIsWhatItWasBeforeTheFreeze) {
    handler->ops_table.unfreeze = nullptr;
    Session &s = create("s");
    for (int i = 0; i < 2; i++) ASSERT_EQ(luo->preserve(s, i, &files[i]), Errno::ok);
    const std::uint64_t data = s.file_set.files().first()->serialized_data;
    calls.fail(Callback::freeze, 2, Errno::eio);
    EXPECT_EQ(luo->serialize(), Errno::eio);
    EXPECT_EQ(s.file_set.files().first()->serialized_data, data);
    ASSERT_EQ(luo->serialize(), Errno::ok);
    EXPECT_NE(s.file_set.files().first()->serialized_data, data);
    ASSERT_EQ(luo->unserialize(), Errno::ok);
    EXPECT_EQ(s.file_set.files().first()->serialized_data, data);
}

TEST_F(OutgoingSession, WhileFrozenNothingChanges) {
    Session &s = create("s");
    ASSERT_EQ(luo->preserve(s, 1, &files[0]), Errno::ok);
    ASSERT_EQ(luo->serialize(), Errno::ok);
    EXPECT_EQ(luo->create_session("t").error(), Errno::ebusy);
    EXPECT_EQ(luo->preserve(s, 2, &files[1]), Errno::ebusy);
    EXPECT_EQ(luo->release(s), Errno::ebusy);
    EXPECT_EQ(luo->retrieve_session("s").error(), Errno::ebusy);
    EXPECT_EQ(luo->deserialize({.sessions = header, .flbs = flb_header}), Errno::ebusy);
    EXPECT_EQ(luo->serialize(), Errno::ebusy);
    EXPECT_EQ(luo->stop(), Errno::ebusy);
    ASSERT_EQ(luo->unserialize(), Errno::ok);
    EXPECT_EQ(luo->unserialize(), Errno::einval);
    EXPECT_EQ(luo->preserve(s, 2, &files[1]), Errno::ok);
}

TEST_F(OutgoingSession, WhileFrozenAWrongSessionOrNameIsStillEINVAL) {
    ASSERT_TRUE(luo->create_session("s"));
    kexec();
    ASSERT_EQ(luo->deserialize({.sessions = header, .flbs = flb_header}), Errno::ok);
    Session &incoming = *luo->incoming().first(), &outgoing = create("out");
    ASSERT_EQ(luo->serialize(), Errno::ok);
    EXPECT_EQ(luo->preserve(incoming, 1, &files[1]), Errno::einval);
    EXPECT_EQ(luo->finish(outgoing), Errno::einval);
    EXPECT_EQ(luo->retrieve(outgoing, 1).error(), Errno::einval);
    EXPECT_EQ(luo->release(incoming), Errno::einval);
    EXPECT_EQ(luo->create_session("").error(), Errno::einval);
    EXPECT_EQ(luo->create_session(std::string(64, 'n')).error(), Errno::einval);
    EXPECT_EQ(luo->preserve(outgoing, 1, &files[1]), Errno::ebusy);
    EXPECT_EQ(luo->create_session("t").error(), Errno::ebusy);
}

TEST_F(OutgoingSession, EveryErrnoIsInThePlaceAndASuccessClearsIt) {
    Session &s = create("s");
    ASSERT_EQ(luo->preserve(s, 1, &files[1]), Errno::ok);
    EXPECT_FALSE(luo->last_place());
    EXPECT_EQ(luo->last_place().error, Errno::ok);
    calls.fail(Callback::freeze, 1, Errno::eio);
    EXPECT_EQ(luo->serialize(), Errno::eio);
    EXPECT_EQ(luo->last_place().error, Errno::eio);
    EXPECT_EQ(luo->preserve(s, 2, nullptr), Errno::ebadf);
    EXPECT_EQ(luo->last_place().error, Errno::ebadf);
    EXPECT_EQ(luo->last_place().fault, Fault::none) << "that was the freeze";
    m.pages.fail_allocation(1);
    EXPECT_EQ(luo->create_session("s").error(), Errno::eexist);
    EXPECT_EQ(luo->last_place().error, Errno::eexist);
    EXPECT_STREQ(luo->last_place().session, "s");
    EXPECT_FALSE(luo->last_place().in_file);
    EXPECT_EQ(luo->retrieve_session("no such session").error(), Errno::enoent);
    EXPECT_STREQ(luo->last_place().session, "no such session");
    EXPECT_EQ(luo->last_place().error, Errno::enoent);
    EXPECT_EQ(luo->preserve(s, 2, &files[2]), Errno::enomem);
    EXPECT_EQ(luo->last_place().error, Errno::enomem);
    EXPECT_EQ(luo->preserve(s, 2, &files[2]), Errno::ok);
    EXPECT_EQ(luo->last_place().error, Errno::ok);
    EXPECT_FALSE(luo->last_place().in_session);
}

TEST_F(OutgoingSession, TheSerializedAreaIsClearUnlessFrozen) {
    Session &s = create("s");
    ASSERT_EQ(luo->preserve(s, 1, &files[1]), Errno::ok);
    EXPECT_TRUE(luo->serialized_is_clear());
    ASSERT_EQ(luo->serialize(), Errno::ok);
    EXPECT_FALSE(luo->serialized_is_clear());
    ASSERT_EQ(luo->unserialize(), Errno::ok);
    EXPECT_TRUE(luo->serialized_is_clear());
    // The last word of either array counts.
    auto &last_session = m.as<std::uint64_t>(luo->session_header() + (16 * kho::page_size - 8));
    auto &last_file = m.as<std::uint64_t>(s.file_set.area() + (2 * kho::page_size - 8));
    for (std::uint64_t *word : {&last_session, &last_file}) {
        *word = 1;
        EXPECT_FALSE(luo->serialized_is_clear());
        *word = 0;
    }
}

TEST_F(OutgoingSession, EveryFailedAllocationIsUndone) {
    for (int i = 1; i < 20; i++)  // so that lists and tables are not empty
        create("s" + std::to_string(i));
    fail_every_allocation(
        m.pages,
        [&] {
            const Result<Session *> session = luo->create_session("s");
            if (!session)
                return session.error();
            for (int i = 0; i < 3; i++)
                if (const Errno error = luo->preserve(**session, i, &files[i]); error != Errno::ok) {
                    EXPECT_EQ(luo->release(**session), Errno::ok);
                    return error;
                }
            return Errno::ok;
        },
        [&] { EXPECT_EQ(luo->release(*luo->outgoing().last()), Errno::ok); });
    for (const TestFile &file : files) EXPECT_EQ(file.references, 1u);
}

TEST_F(OutgoingSession, StartFailsWithoutMemoryForTheAreas) {
    LiveUpdate other;
    const Pages::Counts before = m.pages.counts();
    for (unsigned n = 1; n <= 2; n++) {  // the session area, and the page of the FLBs
        m.pages.fail_allocation(n);
        EXPECT_EQ(other.start(m.pages, true), Errno::enomem);
        EXPECT_EQ(m.pages.counts(), before);
    }
    EXPECT_EQ(other.start(m.pages, true), Errno::ok);
    EXPECT_EQ(other.start(m.pages, true), Errno::ebusy) << "it runs";
    EXPECT_EQ(other.stop(), Errno::ok);
}

}  // namespace
}  // namespace guest
