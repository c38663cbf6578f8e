// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/luo/registry.h"

#include "guest/luo/live_update.h"
#include "tests/unit/guest/test_handler.h"

namespace guest {
namespace {

struct RegistryTest : testing::Test {
    Machine m;
    Registry registry;
    TestFiles files;
    TestCalls calls;
    HostHandler handler = make("test-v1");
    RegistryTest() { registry.init(m.pages, true); }
    HostHandler make(std::string_view compatible) { return {m.pages, files, calls, compatible}; }
};

TEST_F(RegistryTest, EachMissingMandatoryCallbackIsEINVAL) {
    const struct {
        const char *what;
        void (*remove)(FileOps &ops);
        Errno expected;
    } cases[] = {
        {"can_preserve", [](FileOps &ops) { ops.can_preserve = nullptr; }, Errno::einval},
        {"preserve", [](FileOps &ops) { ops.preserve = nullptr; }, Errno::einval},
        {"unpreserve", [](FileOps &ops) { ops.unpreserve = nullptr; }, Errno::einval},
        {"retrieve", [](FileOps &ops) { ops.retrieve = nullptr; }, Errno::einval},
        {"finish", [](FileOps &ops) { ops.finish = nullptr; }, Errno::einval},
        {"freeze, which is optional", [](FileOps &ops) { ops.freeze = nullptr; }, Errno::ok},
        {"unfreeze, which is optional", [](FileOps &ops) { ops.unfreeze = nullptr; }, Errno::ok},
        {"can_finish, which is optional", [](FileOps &ops) { ops.can_finish = nullptr; }, Errno::ok},
    };
    for (const auto &c : cases) {
        HostHandler h = make("test-v1");
        c.remove(h.ops_table);
        EXPECT_EQ(registry.add(h), c.expected) << c.what;
        if (c.expected == Errno::ok) {
            EXPECT_EQ(registry.remove(h), Errno::ok) << c.what;
        }
    }
    handler.ops = nullptr;
    EXPECT_EQ(registry.add(handler), Errno::einval);
}

TEST_F(RegistryTest, ACompatibleIsOneToFortySevenBytesWithoutNul) {
    const std::string longest(47, 'x'), too_long(48, 'x'), nul("a\0b", 3);
    const struct {
        std::string_view compatible;
        Errno expected;
    } cases[] = {{"", Errno::einval},
                 {"a", Errno::ok},
                 {longest, Errno::ok},
                 {too_long, Errno::einval},
                 {nul, Errno::einval}};
    for (const auto &c : cases) {
        HostHandler h = make(c.compatible);
        EXPECT_EQ(registry.add(h), c.expected) << c.compatible;
        if (c.expected == Errno::ok) {
            EXPECT_EQ(registry.remove(h), Errno::ok);
        }
    }
}

TEST_F(RegistryTest, WithLiveUpdateOffEverythingIsEOPNOTSUPP) {
    registry.init(m.pages, false);
    EXPECT_EQ(registry.add(handler), Errno::eopnotsupp);
    EXPECT_EQ(registry.remove(handler), Errno::eopnotsupp);
    handler.ops_table.retrieve = nullptr;
    EXPECT_EQ(registry.add(handler), Errno::eopnotsupp) << "asked before anything else";
}

TEST_F(RegistryTest, ADuplicateCompatibleIsEEXISTUntilTheFirstIsGone) {
    HostHandler twin = make("test-v1");
    ASSERT_EQ(registry.add(handler), Errno::ok);
    EXPECT_EQ(registry.add(twin), Errno::eexist);
    EXPECT_EQ(registry.add(handler), Errno::eexist);
    EXPECT_EQ(registry.remove(twin), Errno::enoent) << "of the same name, but not the one";
    ASSERT_EQ(registry.remove(handler), Errno::ok);
    EXPECT_EQ(registry.remove(handler), Errno::enoent);
    EXPECT_EQ(registry.add(twin), Errno::ok);
}

TEST_F(RegistryTest, WhileThereAreSessionsHandlersNeitherComeNorGo) {
    LiveUpdate luo;
    ASSERT_EQ(luo.start(m.pages, true), Errno::ok);
    ASSERT_EQ(luo.registry().add(handler), Errno::ok);
    Session &session = **luo.create_session("s");
    HostHandler other = make("other-v1");
    EXPECT_EQ(luo.registry().add(other), Errno::ebusy);
    EXPECT_EQ(luo.registry().remove(handler), Errno::ebusy);
    ASSERT_EQ(luo.release(session), Errno::ok);
    EXPECT_EQ(luo.registry().add(other), Errno::ok);
    EXPECT_EQ(luo.registry().remove(handler), Errno::ok);
}

TEST_F(RegistryTest, AnOwnerThatIsGoingIsEAGAINAndOneThatStaysIsPinnedOnce) {
    static int pins;
    pins = 0;
    handler.ops_table.pin = [](FileHandler &) { return false; };
    handler.ops_table.unpin = [](FileHandler &) { pins--; };
    EXPECT_EQ(registry.add(handler), Errno::eagain);
    EXPECT_EQ(registry.find("test-v1"), nullptr);
    handler.ops_table.pin = [](FileHandler &) {
        pins++;
        return true;
    };
    ASSERT_EQ(registry.add(handler), Errno::ok);
    EXPECT_EQ(pins, 1);
    ASSERT_EQ(registry.remove(handler), Errno::ok);
    EXPECT_EQ(pins, 0);
}

TEST_F(RegistryTest, AFileGoesToTheFirstHandlerThatTakesIt) {
    HostHandler picky = make("picky-v1"), second = make("second-v1");
    picky.ops_table.can_preserve = [](FileHandler &, const File &) { return false; };
    ASSERT_EQ(registry.add(picky), Errno::ok);
    ASSERT_EQ(registry.add(handler), Errno::ok);
    ASSERT_EQ(registry.add(second), Errno::ok);
    TestFile file;
    file.type = &TestFiles::type;
    EXPECT_EQ(registry.for_file(file), &handler);
    const FileType other{"other", nullptr};
    file.type = &other;
    EXPECT_EQ(registry.for_file(file), nullptr);
}

}  // namespace
}  // namespace guest
