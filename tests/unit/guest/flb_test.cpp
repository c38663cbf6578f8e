// SPDX-License-Identifier: GPL-2.0-or-later
// Objects that files share: registration, and their life on either side of a kexec.
#include "tests/unit/guest/describe.h"
#include "tests/unit/guest/flb_machine.h"

namespace guest {
namespace {

TEST_F(FlbMachine, EachMissingCallbackOrBadCompatibleIsEINVAL) {
    const struct {
        const char *what;
        void (*damage)(HostFlb &flb);
        Errno expected;
    } cases[] = {
        {"preserve", [](HostFlb &f) { f.ops_table.preserve = nullptr; }, Errno::einval},
        {"unpreserve", [](HostFlb &f) { f.ops_table.unpreserve = nullptr; }, Errno::einval},
        {"retrieve", [](HostFlb &f) { f.ops_table.retrieve = nullptr; }, Errno::einval},
        {"finish", [](HostFlb &f) { f.ops_table.finish = nullptr; }, Errno::einval},
        {"no table", [](HostFlb &f) { f.ops = nullptr; }, Errno::einval},
        {"check, which is optional", [](HostFlb &f) { f.ops_table.check = nullptr; }, Errno::ok},
        {"empty compatible", [](HostFlb &f) { f.compatible = ""; }, Errno::einval},
        {"47 bytes", [](HostFlb &f) { f.compatible = "12345678901234567890123456789012345678901234567"; },
         Errno::ok},
        {"48 bytes", [](HostFlb &f) { f.compatible = "123456789012345678901234567890123456789012345678"; },
         Errno::einval},
        {"a NUL", [](HostFlb &f) { f.compatible = std::string_view("a\0b", 3); }, Errno::einval},
        {"of another FLB", [](HostFlb &f) { f.compatible = "flb-one"; }, Errno::eexist},
    };
    for (const auto &c : cases) {
        HostFlb flb(m.pages, calls, "flb-three", 3);
        c.damage(flb);
        EXPECT_EQ(luo->registry().add_flb(*plain, flb), c.expected) << c.what;
        if (c.expected == Errno::ok) {
            EXPECT_EQ(luo->registry().remove_flb(*plain, flb), Errno::ok) << c.what;
        }
    }
}

TEST_F(FlbMachine, AHandlerDependsOnAnFlbOnceAndOnlyIfItIsRegistered) {
    EXPECT_EQ(luo->registry().add_flb(*handler, *one), Errno::eexist);
    HostHandler stranger(m.pages, *retrieved, calls, "stranger-v1");
    EXPECT_EQ(luo->registry().add_flb(stranger, *one), Errno::einval);
    EXPECT_EQ(luo->registry().remove_flb(stranger, *one), Errno::enoent);
    EXPECT_EQ(luo->registry().remove_flb(*plain, *one), Errno::enoent);
    EXPECT_EQ(luo->registry().flbs().count(), 2u);
}

TEST_F(FlbMachine, TheSixtyFourthFlbIsENOSPCAndTheLastHandlerTakesItAway) {
    std::vector<std::unique_ptr<HostFlb>> more;
    std::vector<std::string> names;
    for (int i = 0; i < 64; i++) names.push_back("more-" + std::to_string(i));
    for (int i = 0; i < 61; i++) {
        more.push_back(std::make_unique<HostFlb>(m.pages, calls, names[i], 100));
        ASSERT_EQ(luo->registry().add_flb(*plain, *more.back()), Errno::ok) << i;
    }
    HostFlb last(m.pages, calls, names[63], 100);
    EXPECT_EQ(luo->registry().add_flb(*handler, last), Errno::enospc);
    EXPECT_EQ(luo->registry().add_flb(*handler, *more[0]), Errno::ok) << "it is among the 63";
    ASSERT_EQ(luo->registry().remove_flb(*plain, *more[0]), Errno::ok);
    EXPECT_EQ(luo->registry().add_flb(*handler, last), Errno::enospc)
        << "another handler still depends on it";
    ASSERT_EQ(luo->registry().remove_flb(*handler, *more[0]), Errno::ok);
    EXPECT_EQ(luo->registry().add_flb(*handler, last), Errno::ok);
    expect_clean();
}

TEST_F(FlbMachine, AKernelWithoutFlbsTakesNoPageForThemAndNone) {
    LiveUpdate old;
    const Pages::Counts before = m.pages.counts();
    ASSERT_EQ(old.start(m.pages, true, false), Errno::ok);
    EXPECT_EQ(m.pages.counts().preserved, before.preserved + kho::abi::session_area_pages);
    EXPECT_EQ(old.flb_header(), kho::PhysAddr{});
    HostHandler other(m.pages, *retrieved, calls, "other-v1");
    ASSERT_EQ(old.registry().add(other), Errno::ok);
    EXPECT_EQ(old.registry().add_flb(other, *one), Errno::eopnotsupp);
    const Result<Session *> session = old.create_session("s");
    ASSERT_EQ(old.preserve(**session, 1, &files[1]), Errno::ok);
    ASSERT_EQ(old.serialize(), Errno::ok);
    ASSERT_EQ(old.unserialize(), Errno::ok);
    EXPECT_TRUE(old.serialized_is_clear());
    ASSERT_EQ(old.release(**session), Errno::ok);
    ASSERT_EQ(old.stop(), Errno::ok);
    EXPECT_EQ(m.pages.counts(), before);
}

TEST_F(FlbMachine, WithoutMemoryForTheDependencyItIsENOMEM) {
    ASSERT_EQ(luo->registry().remove(*handler), Errno::ok);
    ASSERT_EQ(luo->registry().remove(*plain), Errno::ok);
    ASSERT_EQ(luo->registry().add(*handler), Errno::ok);
    m.pages.fail_allocation(1);
    EXPECT_EQ(luo->registry().add_flb(*handler, *one), Errno::enomem);
    EXPECT_EQ(one->users, 0u);
    EXPECT_EQ(luo->registry().flbs().count(), 0u);
}

TEST_F(FlbMachine, IsPreservedWithTheFirstFileAndUnpreservedWithTheLast) {
    Session &a = create("a"), &b = create("b");
    files[9].type = &plain_type;
    ASSERT_EQ(luo->preserve(a, 1, &files[1]), Errno::ok);
    EXPECT_EQ(take_log(), (Log{"flb_preserve 1", "flb_preserve 2", "preserve 1"}));
    ASSERT_EQ(luo->preserve(b, 1, &files[2]), Errno::ok);
    ASSERT_EQ(luo->preserve(b, 2, &files[9]), Errno::ok);
    EXPECT_EQ(take_log(), (Log{"preserve 2", "preserve 9"})) << "they are there already";
    EXPECT_EQ(one->outgoing.references, 2u);
    EXPECT_EQ(two->outgoing.references, 3u);
    ASSERT_EQ(luo->release(a), Errno::ok);
    EXPECT_EQ(take_log(), (Log{"unpreserve 1"}));
    ASSERT_EQ(luo->release(b), Errno::ok);
    EXPECT_EQ(take_log(), (Log{"unpreserve 9", "unpreserve 2", "flb_unpreserve 2", "flb_unpreserve 1"}))
        << "last first";
    expect_clean();
}

TEST_F(FlbMachine, AFailureOfAnyOfThemRefusesTheFileAndIsUndoneInReverse) {
    Session &s = create("s");
    const std::string before = describe(m, *luo);
    calls.fail(Callback::flb_preserve, 2, Errno::eio);
    EXPECT_EQ(luo->preserve(s, 1, &files[1]), Errno::eio);
    EXPECT_EQ(take_log(), (Log{"flb_preserve 1", "flb_preserve 2", "flb_unpreserve 1"}));
    EXPECT_EQ(describe(m, *luo), before);
    calls.fail(Callback::preserve, 1, Errno::eio);
    EXPECT_EQ(luo->preserve(s, 1, &files[1]), Errno::eio);
    EXPECT_EQ(take_log(), (Log{"flb_preserve 1", "flb_preserve 2", "preserve 1", "flb_unpreserve 2",
                               "flb_unpreserve 1"}));
    EXPECT_EQ(describe(m, *luo), before);
}

TEST_F(FlbMachine, ItsOwnerIsPinnedFromPreserveToUnpreserveAndENODEVIfItIsGoing) {
    static int pins;
    static bool going;
    pins = 0;
    going = true;
    one->ops_table.pin = [](Flb &) { return !going && ++pins > 0; };
    one->ops_table.unpin = [](Flb &) { pins--; };
    Session &s = create("s");
    EXPECT_EQ(luo->preserve(s, 1, &files[1]), Errno::enodev);
    going = false;
    calls.fail(Callback::flb_preserve, 1, Errno::eio);
    EXPECT_EQ(luo->preserve(s, 1, &files[1]), Errno::eio);
    EXPECT_EQ(pins, 0);
    EXPECT_EQ(luo->preserve(s, 1, &files[1]), Errno::ok);
    EXPECT_EQ(luo->preserve(s, 2, &files[2]), Errno::ok);
    EXPECT_EQ(pins, 1);
    EXPECT_EQ(luo->release(s), Errno::ok);
    EXPECT_EQ(pins, 0);
}

TEST_F(FlbMachine, WhoeverAskedForTheOutgoingObjectKeepsItAlive) {
    EXPECT_EQ(luo->get_outgoing(*one).error(), Errno::enoent);
    Session &s = create("s");
    ASSERT_EQ(luo->preserve(s, 1, &files[1]), Errno::ok);
    const Result<void *> object = luo->get_outgoing(*one);
    ASSERT_TRUE(object);
    EXPECT_EQ(TestFlb::id_of(*object), 1u);
    ASSERT_EQ(luo->release(s), Errno::ok);
    EXPECT_EQ(one->outgoing.references, 1u);
    EXPECT_EQ(luo->stop(), Errno::ebusy);
    EXPECT_EQ(luo->registry().remove_flb(*handler, *one), Errno::ebusy);
    EXPECT_EQ(luo->registry().remove(*handler), Errno::ebusy);
    ASSERT_EQ(luo->put_outgoing(*one), Errno::ok);
    expect_clean();
}

TEST_F(FlbMachine, SerializesNameDataAndReferencesOfThosePreservedOnly) {
    Session &s = create("s");
    files[9].type = &plain_type;
    ASSERT_EQ(luo->preserve(s, 1, &files[9]), Errno::ok);
    ASSERT_TRUE(luo->get_outgoing(*two));
    ASSERT_EQ(luo->serialize(), Errno::ok);
    EXPECT_EQ(luo->get_outgoing(*two).error(), Errno::ebusy) << "the number is written";
    EXPECT_EQ(luo->put_outgoing(*two), Errno::ebusy);
    EXPECT_EQ(luo->put_incoming(*two), Errno::ebusy);
    flb_header = luo->flb_header();
    EXPECT_EQ(*m.pages.order_of(flb_header), 0u);
    EXPECT_EQ(flb_head().pgcnt, 1u);
    ASSERT_EQ(flb_head().count, 1u);
    EXPECT_STREQ(flb_ser(0).name, "flb-two");
    EXPECT_EQ(flb_ser(0).data, two->outgoing.data);
    EXPECT_EQ(flb_ser(0).count, 2u);
    ASSERT_EQ(luo->unserialize(), Errno::ok);
    EXPECT_TRUE(luo->serialized_is_clear());
    EXPECT_EQ(flb_head().pgcnt, 1u) << "that is so at any time";
}

// Files 1 and 2 in two sessions depend on both, file 9 on the second.
struct IncomingFlb : FlbMachine {
    IncomingFlb() {
        Session &a = create("a"), &b = create("b");
        files[9].type = &plain_type;
        EXPECT_EQ(luo->preserve(a, 1, &files[1]), Errno::ok);
        EXPECT_EQ(luo->preserve(b, 2, &files[2]), Errno::ok);
        EXPECT_EQ(luo->preserve(b, 9, &files[9]), Errno::ok);
        kexec();
    }
    void deserialize() {
        ASSERT_EQ(luo->deserialize({.sessions = header, .flbs = flb_header}), Errno::ok)
            << name(luo->last_place().fault);
        take_log();
    }
};

TEST_F(IncomingFlb, IsRetrievedWhenSomebodyAsksAndFinishedWithTheLastFile) {
    deserialize();
    Session &a = retrieve("a"), &b = retrieve("b");
    const Result<void *> object = luo->get_incoming(*two);
    ASSERT_TRUE(object);
    EXPECT_EQ(TestFlb::id_of(*object), 2u);
    EXPECT_EQ(*luo->get_incoming(*two), *object) << "the same object";
    EXPECT_EQ(take_log(), (Log{"flb_retrieve 2"})) << "retrieved once";
    ASSERT_EQ(luo->release(a), Errno::ok);
    ASSERT_EQ(luo->put_incoming(*two), Errno::ok);
    take_log();
    ASSERT_EQ(luo->release(b), Errno::ok);
    EXPECT_EQ(take_log(), (Log{"can_finish -", "can_finish -", "finish - 0", "finish - 0", "flb_retrieve 1",
                               "flb_finish 1"}))
        << "the first was never asked for, the second still is";
    EXPECT_EQ(luo->get_incoming(*one).error(), Errno::enodata) << "it is finished";
    EXPECT_EQ(luo->registry().remove(*plain), Errno::ebusy);
    EXPECT_EQ(luo->stop(), Errno::ebusy);
    ASSERT_EQ(luo->put_incoming(*two), Errno::ok);
    EXPECT_EQ(take_log(), (Log{"flb_finish 2"}));
    expect_clean();
}

TEST_F(IncomingFlb, AFailedRetrieveIsRememberedAndItIsNotFinished) {
    deserialize();
    calls.fail(Callback::flb_retrieve, 1, Errno::eio);
    EXPECT_EQ(luo->get_incoming(*one).error(), Errno::eio);
    EXPECT_EQ(luo->get_incoming(*one).error(), Errno::eio);
    EXPECT_EQ(take_log(), (Log{"flb_retrieve 1"}));
    for (const char *session : {"a", "b"}) ASSERT_EQ(luo->release(retrieve(session)), Errno::ok);
    EXPECT_EQ(calls.count(Callback::flb_finish), 1u) << "the other one";
    expect_clean();
}

TEST_F(IncomingFlb, OneThatFailsToRetrieveWhenItShallBeFinishedIsGivenUp) {
    deserialize();
    calls.fail(Callback::flb_retrieve, 1, Errno::eio);
    for (const char *session : {"a", "b"}) ASSERT_EQ(luo->release(retrieve(session)), Errno::ok);
    EXPECT_EQ(calls.count(Callback::flb_finish), 1u);
    expect_clean();
}

TEST_F(IncomingFlb, ItsOwnerIsPinnedFromRetrieveToFinishAndENODEVIfItIsGoing) {
    static int pins;
    static bool going;
    pins = 0;
    going = true;
    one->ops_table.pin = [](Flb &) { return !going && ++pins > 0; };
    one->ops_table.unpin = [](Flb &) { pins--; };
    deserialize();
    EXPECT_EQ(luo->get_incoming(*one).error(), Errno::enodev);
    going = false;
    ASSERT_TRUE(luo->get_incoming(*one)) << "that was not its last chance";
    EXPECT_EQ(pins, 1);
    ASSERT_EQ(luo->put_incoming(*one), Errno::ok);
    for (const char *session : {"a", "b"}) ASSERT_EQ(luo->release(retrieve(session)), Errno::ok);
    EXPECT_EQ(pins, 0);
}

TEST_F(IncomingFlb, ItsOwnerIsNotPinnedAfterAFailedRetrieve) {
    static int pins;
    pins = 0;
    one->ops_table.pin = [](Flb &) { return ++pins > 0; };
    one->ops_table.unpin = [](Flb &) { pins--; };
    deserialize();
    calls.fail(Callback::flb_retrieve, 1, Errno::eio);
    EXPECT_EQ(luo->get_incoming(*one).error(), Errno::eio);
    EXPECT_EQ(luo->last_place().error, Errno::eio);
    EXPECT_EQ(luo->last_place().flb, "flb-one");
    EXPECT_EQ(pins, 0);
}

TEST_F(IncomingFlb, ThoseThatEndWithOneFileEndLastFirst) {
    deserialize();
    ASSERT_EQ(luo->release(retrieve("b")), Errno::ok);
    take_log();
    ASSERT_EQ(luo->release(retrieve("a")), Errno::ok);
    EXPECT_EQ(take_log(), (Log{"can_finish -", "finish - 0", "flb_retrieve 2", "flb_finish 2",
                               "flb_retrieve 1", "flb_finish 1"}));
}

// References of files cannot be taken away.
TEST_F(IncomingFlb, LettingGoOfWhatOneDoesNotHaveIsEINVAL) {
    deserialize();
    EXPECT_EQ(luo->put_incoming(*one), Errno::einval);
    EXPECT_EQ(luo->put_outgoing(*one), Errno::einval);
    ASSERT_TRUE(luo->get_incoming(*one));
    ASSERT_EQ(luo->put_incoming(*one), Errno::ok);
    EXPECT_EQ(luo->put_incoming(*one), Errno::einval);
    EXPECT_EQ(one->incoming.references, 2u) << "of the files";
    Session &s = create("s");
    ASSERT_EQ(luo->preserve(s, 1, &files[3]), Errno::ok);
    EXPECT_EQ(luo->put_outgoing(*one), Errno::einval);
    EXPECT_EQ(one->outgoing.references, 1u);
}

TEST_F(IncomingFlb, TheUnknownIsPassedOverAndTheLateIsNotFound) {
    ASSERT_EQ(luo->registry().remove(*plain), Errno::ok);
    ASSERT_EQ(luo->registry().remove_flb(*handler, *two), Errno::ok);
    // File 9 had the handler that is gone: now it is a third one of the other, and of its FLB.
    std::strcpy(file_ser(1, 1).compatible, "test-v1");
    flb_ser(0).count = 3;
    deserialize();
    EXPECT_EQ(luo->unknown_flbs(), 1u);
    EXPECT_EQ(luo->get_incoming(*two).error(), Errno::enoent);
}

TEST_F(FlbMachine, MalformedFlbsAreRefusedEachWithItsOwnFault) {
    struct Case {
        const char *what;
        Fault fault;
        Errno error;
        std::uint64_t index;
        void (*damage)(IncomingFlb &t);
    };
    static const Case cases[] = {
        {"area not preserved", Fault::flb_area, Errno::einval, 0,
         [](IncomingFlb &t) { t.flb_header = kho::PhysAddr{0x2f00000}; }},
        {"area unaligned", Fault::flb_area, Errno::einval, 0,
         [](IncomingFlb &t) { t.flb_header = t.flb_header + 8; }},
        {"area of the wrong size", Fault::flb_area, Errno::einval, 0,
         [](IncomingFlb &t) { t.flb_header = t.header; }},
        {"area that has another user", Fault::metadata_shared, Errno::einval, 0,
         [](IncomingFlb &t) { EXPECT_EQ(t.m.pages.claim(t.flb_header), Errno::ok); }},
        {"no page", Fault::flb_page_count, Errno::einval, 0, [](IncomingFlb &t) { t.flb_head().pgcnt = 0; }},
        {"two pages", Fault::flb_page_count, Errno::einval, 2,
         [](IncomingFlb &t) { t.flb_head().pgcnt = 2; }},
        {"64 FLBs", Fault::flb_count, Errno::einval, 64, [](IncomingFlb &t) { t.flb_head().count = 64; }},
        {"2^64 - 1 FLBs", Fault::flb_count, Errno::einval, ~std::uint64_t{0},
         [](IncomingFlb &t) { t.flb_head().count = ~std::uint64_t{0}; }},
        {"one more than there is", Fault::flb_name, Errno::einval, 2,
         [](IncomingFlb &t) { t.flb_head().count = 3; }},
        {"empty name", Fault::flb_name, Errno::einval, 1, [](IncomingFlb &t) { t.flb_ser(1).name[0] = 0; }},
        {"unterminated name", Fault::flb_name, Errno::einval, 0,
         [](IncomingFlb &t) { std::memset(t.flb_ser(0).name, 'x', 48); }},
        {"name twice", Fault::flb_twice, Errno::eexist, 1,
         [](IncomingFlb &t) { std::strcpy(t.flb_ser(1).name, "flb-one"); }},
        {"unknown name twice", Fault::flb_twice, Errno::eexist, 1,
         [](IncomingFlb &t) {
             std::strcpy(t.flb_ser(0).name, "x");
             std::strcpy(t.flb_ser(1).name, "x");
         }},
        {"one unknown and one too many", Fault::flb_name, Errno::einval, 2,
         [](IncomingFlb &t) {
             std::strcpy(t.flb_ser(0).name, "x");
             t.flb_head().count = 3;
         }},
        {"no reference", Fault::flb_references, Errno::einval, 1,
         [](IncomingFlb &t) { t.flb_ser(1).count = 0; }},
        {"more references than an int holds", Fault::flb_references, Errno::einval, 1,
         [](IncomingFlb &t) { t.flb_ser(1).count = std::uint64_t{1} << 31; }},
        {"fewer references than files", Fault::flb_references, Errno::einval, 0,
         [](IncomingFlb &t) { t.flb_ser(1).count = 2; }},
        {"not there", Fault::flb_missing, Errno::enoent, 0, [](IncomingFlb &t) { t.flb_head().count = 1; }},
        {"no FLBs at all", Fault::flb_missing, Errno::enoent, 0,
         [](IncomingFlb &t) { t.flb_header = kho::PhysAddr{0}; }},
        {"data of nothing", Fault::handler_refused, Errno::einval, 0,
         [](IncomingFlb &t) { t.flb_ser(0).data = 8; }},
        {"two with one page", Fault::handler_refused, Errno::einval, 1,
         [](IncomingFlb &t) { t.flb_ser(1).data = t.flb_ser(0).data; }},
    };
    class Run : public IncomingFlb {
        void TestBody() override {}
    };
    for (const Case &c : cases) {
        Run t;
        c.damage(t);
        const Pages::Counts before = t.m.pages.counts();
        EXPECT_EQ(t.luo->deserialize({.sessions = t.header, .flbs = t.flb_header}), c.error) << c.what;
        EXPECT_EQ(t.luo->last_place().fault, c.fault) << c.what;
        EXPECT_EQ(t.luo->last_place().index, c.index) << c.what;
        EXPECT_EQ(t.luo->incoming().count(), 0u) << c.what;
        EXPECT_EQ(t.m.pages.counts(), before) << c.what;
        EXPECT_EQ(t.luo->unknown_flbs(), 0u) << c.what;
        EXPECT_EQ(t.luo->get_incoming(*t.one).error(), Errno::enodata) << c.what;
    }
}

TEST_F(IncomingFlb, AFaultOfAnFlbNamesIt) {
    flb_ser(1).count = 1;
    EXPECT_EQ(luo->deserialize({.sessions = header, .flbs = flb_header}), Errno::einval);
    EXPECT_EQ(luo->last_place().flb, "flb-two");
    EXPECT_EQ(luo->last_place().address, kho::value(flb_header) + 16 + 64);
}

TEST_F(IncomingFlb, ARefusedCheckIsAFaultOfTheHandover) {
    calls.fail(Callback::flb_check, 2, Errno::eio);
    EXPECT_EQ(luo->deserialize({.sessions = header, .flbs = flb_header}), Errno::eio);
    EXPECT_EQ(luo->last_place().fault, Fault::handler_refused);
    EXPECT_EQ(luo->last_place().flb, "flb-two");
}

TEST_F(IncomingFlb, ARefusedCheckOfAFileIsAFaultOfTheHandover) {
    calls.fail(Callback::check, 2, Errno::eio);
    EXPECT_EQ(luo->deserialize({.sessions = header, .flbs = flb_header}), Errno::eio);
    EXPECT_EQ(luo->last_place().fault, Fault::handler_refused);
    EXPECT_EQ(luo->last_place().token, 2u);
}

TEST_F(IncomingFlb, MoreReferencesThanFilesAreLegal) {
    flb_ser(0).count = 1000;
    deserialize();
    EXPECT_EQ(one->incoming.references, 1000u);
}

}  // namespace
}  // namespace guest
