// SPDX-License-Identifier: GPL-2.0-or-later
// Every operation in every state: what is allowed, and the errno otherwise. What is refused changes nothing.
//
//   off          liveupdate=off
//   idle         on, no session yet
//   outgoing     session "s" with token 1, whose handler depends on an FLB
//   frozen       the same, serialized
//   incoming     the same after a kexec, deserialized
//   retrieved    session and file retrieved
//   finished     the session finished, not yet let go of
//   broken       the same after a kexec, but deserializing failed
#include "tests/unit/guest/describe.h"
#include "tests/unit/guest/luo_machine.h"

namespace guest {
namespace {

enum State : unsigned { off, idle, outgoing, frozen, incoming, retrieved_, finished, broken, state_count };
constexpr const char *state_names[state_count] = {"off",      "idle",      "outgoing", "frozen",
                                                  "incoming", "retrieved", "finished", "broken"};

struct World : LuoMachine {
    std::unique_ptr<HostFlb> flb = std::make_unique<HostFlb>(m.pages, calls, "flb-v1", 7);
    HostFlb other_flb{m.pages, calls, "other-flb-v1", 8};
    HostHandler other{m.pages, *retrieved, calls, "other-v1"};
    Session *session = nullptr;

    explicit World(State state) {
        if (state == off) {
            EXPECT_EQ(luo->stop(), Errno::ok);
            luo = std::make_unique<LiveUpdate>();
            EXPECT_EQ(luo->start(m.pages, false), Errno::ok);
            return;
        }
        EXPECT_EQ(luo->registry().add_flb(*handler, *flb), Errno::ok);
        if (state == idle)
            return;
        session = &create("s");
        EXPECT_EQ(luo->preserve(*session, 1, &files[1]), Errno::ok);
        if (state == outgoing)
            return;
        if (state == frozen) {
            EXPECT_EQ(luo->serialize(), Errno::ok);
            header = luo->session_header();
            flb_header = luo->flb_header();
            return;
        }
        kexec();
        flb = std::make_unique<HostFlb>(m.pages, calls, "flb-v1", 7);
        EXPECT_EQ(luo->registry().add_flb(*handler, *flb), Errno::ok);
        if (state == broken) {
            session_ser(0).name[0] = '\0';
            EXPECT_EQ(luo->deserialize(header, flb_header), Errno::einval);
            session = nullptr;
            return;
        }
        EXPECT_EQ(luo->deserialize(header, flb_header), Errno::ok);
        session = luo->incoming().first();
        if (state == incoming)
            return;
        EXPECT_EQ(luo->retrieve_session("s").error(), Errno::ok);
        EXPECT_EQ(luo->retrieve(*session, 1).error(), Errno::ok);
        if (state == finished) {
            EXPECT_EQ(luo->finish(*session), Errno::ok);
        }
    }
    void TestBody() override {}
};

constexpr Errno ok = Errno::ok, einval = Errno::einval, ebusy = Errno::ebusy, enoent = Errno::enoent,
                eexist = Errno::eexist, unsupported = Errno::eopnotsupp, enodata = Errno::enodata;
// There is no such session to try it on.
constexpr Errno none = static_cast<Errno>(-1);

struct Operation {
    const char *name;
    Errno expected[state_count];
    Errno (*run)(World &w);
};

const Operation operations[] = {
    //                     off          idle         outgoing     frozen       incoming     retrieved finished
    //                     broken
    {"register a handler",
     {unsupported, ok, ebusy, ebusy, ebusy, ebusy, ebusy, ok},
     [](World &w) { return w.luo->registry().add(w.other); }},
    {"register it twice",
     {unsupported, eexist, ebusy, ebusy, ebusy, ebusy, ebusy, eexist},
     [](World &w) { return w.luo->registry().add(*w.handler); }},
    {"unregister a handler",
     {unsupported, ok, ebusy, ebusy, ebusy, ebusy, ebusy, ok},
     [](World &w) { return w.luo->registry().remove(*w.handler); }},
    {"register an FLB",
     {unsupported, ok, ebusy, ebusy, ebusy, ebusy, ebusy, ok},
     [](World &w) { return w.luo->registry().add_flb(*w.handler, w.other_flb); }},
    {"unregister an FLB",
     {unsupported, ok, ebusy, ebusy, ebusy, ebusy, ebusy, ok},
     [](World &w) { return w.luo->registry().remove_flb(*w.handler, *w.flb); }},
    {"create a session",
     {unsupported, ok, ok, ebusy, ok, ok, ok, ok},
     [](World &w) { return w.luo->create_session("t").error(); }},
    {"create it again",
     {unsupported, ok, eexist, ebusy, ok, ok, ok, ok},
     [](World &w) { return w.luo->create_session("s").error(); }},
    {"create a nameless one",
     {unsupported, einval, einval, einval, einval, einval, einval, einval},
     [](World &w) { return w.luo->create_session("").error(); }},
    {"preserve",
     {none, none, ok, ebusy, einval, einval, einval, none},
     [](World &w) { return w.luo->preserve(*w.session, 2, &w.files[2]); }},
    {"retrieve the session",
     {unsupported, enoent, enoent, ebusy, ok, einval, einval, enoent},
     [](World &w) { return w.luo->retrieve_session("s").error(); }},
    {"retrieve another session",
     {unsupported, enoent, enoent, ebusy, enoent, enoent, enoent, enoent},
     [](World &w) { return w.luo->retrieve_session("t").error(); }},
    {"retrieve the file",
     {none, none, einval, einval, einval, ok, enoent, none},
     [](World &w) { return w.luo->retrieve(*w.session, 1).error(); }},
    {"retrieve another file",
     {none, none, einval, einval, einval, enoent, enoent, none},
     [](World &w) { return w.luo->retrieve(*w.session, 2).error(); }},
    {"finish",
     {none, none, einval, einval, einval, ok, ok, none},
     [](World &w) { return w.luo->finish(*w.session); }},
    {"release",
     {none, none, ok, ebusy, einval, ok, ok, none},
     [](World &w) { return w.luo->release(*w.session); }},
    {"serialize", {unsupported, ok, ok, ebusy, ok, ok, ok, ok}, [](World &w) { return w.luo->serialize(); }},
    {"unserialize",
     {einval, einval, einval, ok, einval, einval, einval, einval},
     [](World &w) { return w.luo->unserialize(); }},
    // Of idle and outgoing: nothing was handed over at address 0. Once it was tried, the answer is the first
    // one.
    {"deserialize",
     {unsupported, einval, einval, ebusy, ok, ok, ok, einval},
     [](World &w) { return w.luo->deserialize(w.header, w.flb_header); }},
    {"get the outgoing FLB",
     {unsupported, enoent, ok, ebusy, enoent, enoent, enoent, enoent},
     [](World &w) { return w.luo->get_outgoing(*w.flb).error(); }},
    {"get the incoming FLB",
     {unsupported, enodata, enodata, ebusy, ok, ok, enodata, enodata},
     [](World &w) { return w.luo->get_incoming(*w.flb).error(); }},
    {"get an FLB that was not handed over",
     {unsupported, enodata, enodata, ebusy, enoent, enoent, enoent, enodata},
     [](World &w) { return w.luo->get_incoming(w.other_flb).error(); }},
    {"start",
     {ok, ebusy, ebusy, ebusy, ebusy, ebusy, ebusy, ebusy},
     [](World &w) { return w.luo->start(w.m.pages, true); }},
    {"stop", {ok, ok, ebusy, ebusy, ebusy, ebusy, ebusy, ok}, [](World &w) { return w.luo->stop(); }},
};

TEST(StateTable, EveryOperationInEveryStateIsAllowedOrHasItsErrnoAndChangesNothing) {
    for (const Operation &operation : operations)
        for (unsigned state = 0; state < state_count; state++) {
            if (operation.expected[state] == none)
                continue;
            World world(static_cast<State>(state));
            const std::string before = describe(world.m, *world.luo);
            const Errno error = operation.run(world);
            EXPECT_EQ(error, operation.expected[state]) << operation.name << ", " << state_names[state];
            // The first deserialize is remembered, whatever it came to; that alone may change.
            if (error != ok) {
                EXPECT_EQ(describe(world.m, *world.luo), before)
                    << operation.name << ", " << state_names[state];
            }
        }
}

}  // namespace
}  // namespace guest
