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
//   stopped      as idle, and stopped
//   failed       the session retrieved, the file refused to be
//   flb_failed   the session retrieved, its FLB refused to be
//   held         the session gone, but the FLB's object is in use
#include "tests/unit/guest/describe.h"
#include "tests/unit/guest/luo_machine.h"

namespace guest {
namespace {

// clang-format off
enum State : unsigned {
    off, idle, outgoing, frozen, incoming, retrieved_, finished, broken, stopped, failed, flb_failed, held, state_count
};
// clang-format on
constexpr const char *state_names[state_count] = {"off",      "idle",      "outgoing",   "frozen",
                                                  "incoming", "retrieved", "finished",   "broken",
                                                  "stopped",  "failed",    "flb_failed", "held"};

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
        if (state == stopped) {
            EXPECT_EQ(luo->stop(), Errno::ok);
        }
        if (state == idle || state == stopped)
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
            EXPECT_EQ(luo->deserialize({.sessions = header, .flbs = flb_header}), Errno::einval);
            session = nullptr;
            return;
        }
        EXPECT_EQ(luo->deserialize({.sessions = header, .flbs = flb_header}), Errno::ok);
        session = luo->incoming().first();
        if (state == incoming)
            return;
        EXPECT_EQ(luo->retrieve_session("s").error(), Errno::ok);
        retrieved_in(state);
    }
    void retrieved_in(State state) {
        if (state == flb_failed || state == held) {
            if (state == flb_failed)
                calls.fail(Callback::flb_retrieve, 1);
            EXPECT_EQ(luo->get_incoming(*flb).error(), state == held ? Errno::ok : Errno::eio);
        } else {
            if (state == failed)
                calls.fail(Callback::retrieve, 1);
            EXPECT_EQ(luo->retrieve(*session, 1).error(), state == failed ? Errno::eio : Errno::ok);
        }
        if (state == finished) {
            EXPECT_EQ(luo->finish(*session), Errno::ok);
        }
        if (state == held) {
            EXPECT_EQ(luo->release(*session), Errno::ok);
            session = nullptr;
        }
    }
    void TestBody() override {}
};

constexpr Errno ok = Errno::ok, einval = Errno::einval, ebusy = Errno::ebusy, enoent = Errno::enoent,
                eexist = Errno::eexist, enodata = Errno::enodata, eio = Errno::eio, unsup = Errno::eopnotsupp;
// There is no such session to try it on.
constexpr Errno none = static_cast<Errno>(-1);

struct Operation {
    const char *name;
    Errno expected[state_count];
    Errno (*run)(World &w);
};

// clang-format off
const Operation operations[] = {
    //                           off     idle     outgoing frozen  incoming retrieved finished broken   stopped failed  flb_failed held
    {"register a handler",      {unsup,  ok,      ebusy,   ebusy,  ebusy,   ebusy,    ebusy,   ok,      ok,     ebusy,  ebusy,     ok},
     [](World &w) { return w.luo->registry().add(w.other); }},
    {"register it twice",       {unsup,  eexist,  ebusy,   ebusy,  ebusy,   ebusy,    ebusy,   eexist,  eexist, ebusy,  ebusy,     eexist},
     [](World &w) { return w.luo->registry().add(*w.handler); }},
    {"unregister a handler",    {unsup,  ok,      ebusy,   ebusy,  ebusy,   ebusy,    ebusy,   ok,      ok,     ebusy,  ebusy,     ebusy},
     [](World &w) { return w.luo->registry().remove(*w.handler); }},
    {"register an FLB",         {unsup,  ok,      ebusy,   ebusy,  ebusy,   ebusy,    ebusy,   ok,      ok,     ebusy,  ebusy,     ok},
     [](World &w) { return w.luo->registry().add_flb(*w.handler, w.other_flb); }},
    {"unregister an FLB",       {unsup,  ok,      ebusy,   ebusy,  ebusy,   ebusy,    ebusy,   ok,      ok,     ebusy,  ebusy,     ebusy},
     [](World &w) { return w.luo->registry().remove_flb(*w.handler, *w.flb); }},
    {"create a session",        {unsup,  ok,      ok,      ebusy,  ok,      ok,       ok,      ok,      unsup,  ok,     ok,        ok},
     [](World &w) { return w.luo->create_session("t").error(); }},
    {"create one named s",      {unsup,  ok,      eexist,  ebusy,  ok,      ok,       ok,      ok,      unsup,  ok,     ok,        ok},
     [](World &w) { return w.luo->create_session("s").error(); }},
    {"create a nameless one",   {unsup,  einval,  einval,  einval, einval,  einval,   einval,  einval,  unsup,  einval, einval,    einval},
     [](World &w) { return w.luo->create_session("").error(); }},
    {"preserve",                {none,   none,    ok,      ebusy,  einval,  einval,   einval,  none,    none,   einval, einval,    none},
     [](World &w) { return w.luo->preserve(*w.session, 2, &w.files[2]); }},
    {"retrieve the session",    {unsup,  enoent,  enoent,  ebusy,  ok,      einval,   einval,  enoent,  unsup,  einval, einval,    enoent},
     [](World &w) { return w.luo->retrieve_session("s").error(); }},
    {"retrieve another one",    {unsup,  enoent,  enoent,  ebusy,  enoent,  enoent,   enoent,  enoent,  unsup,  enoent, enoent,    enoent},
     [](World &w) { return w.luo->retrieve_session("t").error(); }},
    {"retrieve the file",       {none,   none,    einval,  einval, einval,  ok,       enoent,  none,    none,   eio,    ok,        none},
     [](World &w) { return w.luo->retrieve(*w.session, 1).error(); }},
    {"retrieve another file",   {none,   none,    einval,  einval, einval,  enoent,   enoent,  none,    none,   enoent, enoent,    none},
     [](World &w) { return w.luo->retrieve(*w.session, 2).error(); }},
    {"finish",                  {none,   none,    einval,  einval, einval,  ok,       ok,      none,    none,   ok,     ok,        none},
     [](World &w) { return w.luo->finish(*w.session); }},
    {"release",                 {none,   none,    ok,      ebusy,  einval,  ok,       ok,      none,    none,   ok,     ok,        none},
     [](World &w) { return w.luo->release(*w.session); }},
    {"serialize",               {unsup,  ok,      ok,      ebusy,  ok,      ok,       ok,      ok,      unsup,  ok,     ok,        ok},
     [](World &w) { return w.luo->serialize(); }},
    {"unserialize",             {einval, einval,  einval,  ok,     einval,  einval,   einval,  einval,  einval, einval, einval,    einval},
     [](World &w) { return w.luo->unserialize(); }},
    // Of idle and outgoing: nothing was handed over at address 0. Once it was tried, the answer is the first one.
    {"deserialize",             {unsup,  einval,  einval,  ebusy,  ok,      ok,       ok,      einval,  unsup,  ok,     ok,        ok},
     [](World &w) { return w.luo->deserialize({.sessions = w.header, .flbs = w.flb_header}); }},
    {"get the outgoing FLB",    {unsup,  enoent,  ok,      ebusy,  enoent,  enoent,   enoent,  enoent,  unsup,  enoent, enoent,    enoent},
     [](World &w) { return w.luo->get_outgoing(*w.flb).error(); }},
    {"put the outgoing FLB",    {unsup,  einval,  einval,  ebusy,  einval,  einval,   einval,  einval,  unsup,  einval, einval,    einval},
     [](World &w) { return w.luo->put_outgoing(*w.flb); }},
    {"get the incoming FLB",    {unsup,  enodata, enodata, ebusy,  ok,      ok,       enodata, enodata, unsup,  ok,     eio,       ok},
     [](World &w) { return w.luo->get_incoming(*w.flb).error(); }},
    {"put the incoming FLB",    {unsup,  einval,  einval,  ebusy,  einval,  einval,   einval,  einval,  unsup,  einval, einval,    ok},
     [](World &w) { return w.luo->put_incoming(*w.flb); }},
    {"get another FLB",         {unsup,  enodata, enodata, ebusy,  enoent,  enoent,   enoent,  enodata, unsup,  enoent, enoent,    enoent},
     [](World &w) { return w.luo->get_incoming(w.other_flb).error(); }},
    {"start",                   {ok,     ebusy,   ebusy,   ebusy,  ebusy,   ebusy,    ebusy,   ebusy,   ok,     ebusy,  ebusy,     ebusy},
     [](World &w) { return w.luo->start(w.m.pages, true); }},
    {"stop",                    {ok,     ok,      ebusy,   ebusy,  ebusy,   ebusy,    ebusy,   ok,      ok,     ebusy,  ebusy,     ebusy},
     [](World &w) { return w.luo->stop(); }},
};
// clang-format on

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
