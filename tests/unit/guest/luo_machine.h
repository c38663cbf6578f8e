// SPDX-License-Identifier: GPL-2.0-or-later
// A machine with a live update orchestrator and the test handler, before and after a kexec.
#pragma once

#include <memory>

#include "guest/luo/live_update.h"
#include "tests/unit/guest/test_handler.h"

namespace guest {

using Log = std::vector<std::string>;

struct LuoMachine : testing::Test {
    Machine m;
    TestFile files[200];
    std::unique_ptr<TestHandler> handler;
    std::unique_ptr<LiveUpdate> luo;
    kho::PhysAddr header{};
    Pages::Counts clean;  // the counts before anything was taken

    LuoMachine() {
        for (int i = 0; i < 200; i++) {
            files[i].type = &TestHandler::type;
            files[i].references = 1;
            files[i].id = i;
        }
        clean = m.pages.counts();
        start();
    }
    void start(const LiveUpdate::Limits &limits = {}) {
        handler = std::make_unique<TestHandler>(m.pages);
        luo = std::make_unique<LiveUpdate>();
        ASSERT_EQ(luo->start(m.pages, true, limits), Errno::ok);
        ASSERT_EQ(luo->registry().add(*handler), Errno::ok);
    }
    Session &create(std::string_view name) {
        const Result<Session *> session = luo->create_session(name);
        EXPECT_TRUE(session) << name;
        return **session;
    }
    Session &retrieve(std::string_view name) {
        const Result<Session *> session = luo->retrieve_session(name);
        EXPECT_TRUE(session) << name;
        return **session;
    }
    // Serializes, and goes on as the next kernel, not deserialized yet.
    void kexec(const LiveUpdate::Limits &limits = {}) {
        ASSERT_EQ(luo->serialize(), Errno::ok);
        header = luo->session_header();
        m.kexec();
        start(limits);
    }
    Fault deserialize_fault() {
        const Errno error = luo->deserialize(header);
        EXPECT_EQ(error == Errno::ok, luo->last_place().fault == Fault::none);
        return luo->last_place().fault;
    }
    Log take_log() {
        Log log;
        log.swap(handler->log);
        return log;
    }
    kho::abi::luo_session_ser &session_ser(std::uint64_t i) {
        return m.as<kho::abi::luo_session_ser>(header + (8 + i * sizeof(kho::abi::luo_session_ser)));
    }
    kho::abi::luo_file_ser &file_ser(std::uint64_t session, std::uint64_t i) {
        return m.as<kho::abi::luo_file_ser>(session_ser(session).file_set.files +
                                            i * sizeof(kho::abi::luo_file_ser));
    }
};

}  // namespace guest
