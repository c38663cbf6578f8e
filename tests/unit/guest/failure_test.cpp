// SPDX-License-Identifier: GPL-2.0-or-later
// Whole lives in which the n-th callback fails, or the n-th allocation, for every n until nothing is left to
// fail. After each failure the state is what it was before, a second attempt succeeds, and in the end no page
// has leaked.
#include <functional>
#include <regex>

#include "guest/luo/handlers/memfd.h"
#include "tests/unit/guest/describe.h"
#include "tests/unit/guest/flb_machine.h"

namespace guest {
namespace {

enum class Inject { callback, allocation };

// One call into the orchestrator.
struct Step {
    const char *name;
    std::function<Errno()> run;
    // A failure that is remembered: a second attempt gets it, too. The state differs in just that.
    bool remembered = false;
    // After a failure there is nothing to go on with.
    bool last_if_failed = false;
};

template <typename World>
struct Life {
    const char *name;
    std::vector<Step> (*steps)(World &);
};

// A description without what a remembered failure may change: the status that it left, and the memory that it
// gave up.
std::string without_status(const std::string &description) {
    return std::regex_replace(description,
                              std::regex(" status -?[0-9]+| incoming [0-9]| error [A-Z0-9]+|\npages.*"), "");
}

// Goes through a life in which the n-th of `what` fails. False if there was no n-th.
template <typename World>
bool run(const Life<World> &life, Inject what, std::uint64_t n) {
    World world;
    TestCalls &calls = world.calls;
    Pages &pages = world.m.pages;
    const std::vector<Step> steps = life.steps(world);
    if (what == Inject::callback)
        calls.fail_any(n);
    else
        pages.fail_allocation(n);
    const auto pending = [&] {
        return what == Inject::callback ? calls.failure_pending() : pages.failure_pending();
    };
    bool cut_short = false;
    for (const Step &step : steps) {
        const std::string where = std::string(life.name) + ", " + step.name + ", " +
                                  (what == Inject::callback ? "callback " : "allocation ") +
                                  std::to_string(n);
        const bool was_pending = pending();
        const std::string before = describe(world.m, *world.luo);
        const Errno error = step.run();
        if (error == Errno::ok)
            continue;
        EXPECT_TRUE(was_pending && !pending()) << where << ": " << name(error) << " without a failure";
        if (what == Inject::allocation) {
            EXPECT_EQ(error, Errno::enomem) << where;
        }
        const std::string after = describe(world.m, *world.luo);
        EXPECT_EQ(step.remembered ? without_status(after) : after,
                  step.remembered ? without_status(before) : before)
            << where;
        EXPECT_EQ(step.run(), step.remembered ? error : Errno::ok) << where << ", second attempt";
        if (step.last_if_failed) {
            EXPECT_EQ(describe(world.m, *world.luo), before) << where;
            cut_short = true;
            break;
        }
    }
    const bool failed = !pending();
    calls.fail_never();
    pages.fail_allocation(0);
    if (!cut_short)
        world.expect_clean();
    return failed;
}

template <typename World>
void fail_everything(const Life<World> &life) {
    for (const Inject what : {Inject::callback, Inject::allocation}) {
        std::uint64_t n = 1;
        while (n < 10000 && run(life, what, n)) {
            if (testing::Test::HasFailure())
                return;
            n++;
        }
        EXPECT_GT(n, 3u) << life.name << ": there was hardly anything to fail";
        EXPECT_LT(n, 10000u) << life.name << ": no end";
    }
}

struct OutgoingWorld : FlbMachine {
    Session *session[2] = {};
    OutgoingWorld() { files[9].type = &plain_type; }
    void TestBody() override {}
    Errno create_into(unsigned i, const char *name) {
        const Result<Session *> created = luo->create_session(name);
        session[i] = *created;
        return created.error();
    }
};

std::vector<Step> outgoing_steps(OutgoingWorld &w) {
    const auto preserve = [&w](unsigned session, std::uint64_t file) {
        return [&w, session, file] { return w.luo->preserve(*w.session[session], file, &w.files[file]); };
    };
    return {
        {"create a", [&w] { return w.create_into(0, "a"); }},
        {"preserve the first file", preserve(0, 1)},
        {"preserve a file of another kind", preserve(0, 9)},
        {"create b", [&w] { return w.create_into(1, "b"); }},
        {"preserve in b", preserve(1, 2)},
        {"preserve again in b", preserve(1, 3)},
        {"freeze", [&w] { return w.luo->serialize(); }},
        {"cancel", [&w] { return w.luo->unserialize(); }},
        {"freeze again", [&w] { return w.luo->serialize(); }},
        {"cancel again", [&w] { return w.luo->unserialize(); }},
        {"release a", [&w] { return w.luo->release(*w.session[0]); }},
        {"release b", [&w] { return w.luo->release(*w.session[1]); }},
    };
}

TEST(Failures, OfEveryCallbackAndAllocationInTheOldKernelAreUndone) {
    fail_everything(Life<OutgoingWorld>{"old kernel", outgoing_steps});
}

struct NewKernelWorld : OutgoingWorld {
    std::vector<File *> ours;
    NewKernelWorld() {
        for (const Step &step : outgoing_steps(*this)) {
            if (std::string(step.name) == "freeze")
                break;
            EXPECT_EQ(step.run(), Errno::ok);
        }
        kexec();
    }
    Errno retrieve_into(unsigned i, const char *name) {
        const Result<Session *> found = luo->retrieve_session(name);
        session[i] = *found;
        return found.error();
    }
    Errno retrieve_file(unsigned i, std::uint64_t token) {
        const Result<File *> file = luo->retrieve(*session[i], token);
        if (file)
            ours.push_back(*file);
        return file.error();
    }
    Errno let_go() {
        for (File *file : ours) put_file(*file);
        ours.clear();
        return Errno::ok;
    }
};

std::vector<Step> new_kernel_steps(NewKernelWorld &w) {
    return {
        {"deserialize", [&w] { return w.luo->deserialize({.sessions = w.header, .flbs = w.flb_header}); },
         true, true},
        {"ask for an FLB", [&w] { return w.luo->get_incoming(*w.two).error(); }, true},
        {"let go of it",
         [&w] {
             return w.two->incoming.state == FlbIncoming::retrieved ? w.luo->put_incoming(*w.two) : Errno::ok;
         }},
        {"retrieve b", [&w] { return w.retrieve_into(1, "b"); }},
        {"retrieve its file", [&w] { return w.retrieve_file(1, 3); }, true},
        {"retrieve a", [&w] { return w.retrieve_into(0, "a"); }},
        {"retrieve its files", [&w] { return w.retrieve_file(0, 9); }, true},
        {"finish a", [&w] { return w.luo->finish(*w.session[0]); }},
        {"release a", [&w] { return w.luo->release(*w.session[0]); }},
        {"release b, not finished", [&w] { return w.luo->release(*w.session[1]); }},
        {"let go of the files", [&w] { return w.let_go(); }},
    };
}

TEST(Failures, OfEveryCallbackAndAllocationInTheNewKernelAreUndoneOrRemembered) {
    fail_everything(Life<NewKernelWorld>{"new kernel", new_kernel_steps});
}

struct RegistrationWorld : FlbMachine {
    TestFiles more_files;
    HostHandler more{m.pages, more_files, calls, "more-v1"};
    HostFlb flb{m.pages, calls, "flb-more", 3};
    RegistrationWorld() {
        for (HostHandler *h : {handler.get(), plain.get()}) EXPECT_EQ(luo->registry().remove(*h), Errno::ok);
    }
    void TestBody() override {}
    void expect_clean() {
        EXPECT_EQ(luo->stop(), Errno::ok);
        EXPECT_EQ(m.pages.counts(), clean);
    }
};

// Nothing is called back here; only memory can be missing.
TEST(Failures, OfEveryAllocationOfARegistrationAreUndone) {
    const Life<RegistrationWorld> life{
        "registration", [](RegistrationWorld &w) -> std::vector<Step> {
            Registry &registry = w.luo->registry();
            return {
                {"add a handler", [&] { return registry.add(w.more); }},
                {"add an FLB", [&] { return registry.add_flb(w.more, w.flb); }},
                {"add another", [&] { return registry.add_flb(w.more, *w.one); }},
                {"remove an FLB", [&] { return registry.remove_flb(w.more, w.flb); }},
                {"remove the handler", [&] { return registry.remove(w.more); }},
            };
        }};
    EXPECT_TRUE(run(life, Inject::allocation, 1)) << "the page of the dependencies";
    EXPECT_FALSE(run(life, Inject::allocation, 2));
}

// Memory files: what a life of them allocates is most of what can be missing.
struct MemfdWorld : LuoMachine {
    MemoryFiles memory_files;
    MemfdHandler memfd;
    Session *session = nullptr;
    MemoryFile *file[3] = {};

    MemfdWorld() { begin(); }
    void begin() {
        memory_files = MemoryFiles();
        memory_files.init(m.pages);
        memfd = MemfdHandler();
        memfd.init(m.pages, memory_files, true);
        EXPECT_EQ(luo->registry().add(memfd), Errno::ok);
    }
    void TestBody() override {}
    void expect_clean() {
        for (MemoryFile *f : file)
            if (f != nullptr)
                put_file(*f);
        EXPECT_EQ(luo->stop(), Errno::ok);
        EXPECT_EQ(m.pages.counts(), clean);
    }
    // Of `pages` single pages, every second one a hole.
    Errno make(unsigned i, std::uint64_t pages) {
        const Result<MemoryFile *> made = memory_files.create(pages * kho::page_size);
        if (!made)
            return made.error();
        for (std::uint64_t k = 0; k < pages; k += 2) {
            const Result<kho::PhysAddr> folio = m.pages.allocate(0);
            Errno error = folio.error();
            if (folio)
                error = memory_files.add_folio(**made, k, *folio, 0);
            if (error != Errno::ok) {
                if (folio)
                    static_cast<void>(m.pages.free(*folio));
                put_file(**made);
                return error;
            }
        }
        file[i] = *made;
        return Errno::ok;
    }
};

std::vector<Step> memfd_steps(MemfdWorld &w) {
    return {
        {"an empty file", [&w] { return w.make(0, 0); }},
        {"a file of a page", [&w] { return w.make(1, 1); }},
        {"a file of many", [&w] { return w.make(2, 1200); }},
        {"create",
         [&w] {
             const Result<Session *> created = w.luo->create_session("s");
             w.session = *created;
             return created.error();
         }},
        {"preserve the empty one", [&w] { return w.luo->preserve(*w.session, 0, w.file[0]); }},
        {"preserve the small one", [&w] { return w.luo->preserve(*w.session, 1, w.file[1]); }},
        {"preserve the large one", [&w] { return w.luo->preserve(*w.session, 2, w.file[2]); }},
        {"freeze", [&w] { return w.luo->serialize(); }},
        {"cancel", [&w] { return w.luo->unserialize(); }},
        {"release", [&w] { return w.luo->release(*w.session); }},
    };
}

TEST(Failures, OfEveryAllocationInALifeOfMemoryFilesAreUndone) {
    const Life<MemfdWorld> life{"memory files", memfd_steps};
    std::uint64_t n = 1;
    while (n < 10000 && run(life, Inject::allocation, n)) {
        ASSERT_FALSE(HasFailure());
        n++;
    }
    EXPECT_GT(n, 600u) << "a page for every second of 1200, and more";
    EXPECT_LT(n, 10000u);
}

struct NewMemfdWorld : MemfdWorld {
    NewMemfdWorld() {
        for (const Step &step : memfd_steps(*this)) {
            if (std::string(step.name) == "freeze")
                break;
            EXPECT_EQ(step.run(), Errno::ok);
        }
        kexec();
        begin();
        for (MemoryFile *&f : file) f = nullptr;
    }
    Errno retrieve_file(unsigned i) {
        const Result<File *> found = luo->retrieve(*session, i);
        file[i] = found ? static_cast<MemoryFile *>(*found) : nullptr;
        return found.error();
    }
};

TEST(Failures, OfEveryAllocationWhenMemoryFilesArriveAreUndoneOrRemembered) {
    const Life<NewMemfdWorld> life{
        "memory files arrive", [](NewMemfdWorld &w) -> std::vector<Step> {
            return {
                {"deserialize",
                 [&w] { return w.luo->deserialize({.sessions = w.header, .flbs = w.flb_header}); }, true,
                 true},
                {"retrieve the session",
                 [&w] {
                     const Result<Session *> found = w.luo->retrieve_session("s");
                     w.session = *found;
                     return found.error();
                 }},
                {"retrieve the large file", [&w] { return w.retrieve_file(2); }, true},
                {"retrieve the empty file", [&w] { return w.retrieve_file(0); }, true},
                {"release", [&w] { return w.luo->release(*w.session); }},
            };
        }};
    std::uint64_t n = 1;
    while (n < 10000 && run(life, Inject::allocation, n)) {
        ASSERT_FALSE(HasFailure());
        n++;
    }
    EXPECT_GT(n, 5u);
    EXPECT_LT(n, 10000u);
}

}  // namespace
}  // namespace guest
