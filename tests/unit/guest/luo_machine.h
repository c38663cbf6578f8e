// SPDX-License-Identifier: GPL-2.0-or-later
// A machine with a live update orchestrator and the test handler, before and after a kexec.
#pragma once

#include <memory>

#include "guest/luo/live_update.h"
#include "tests/unit/guest/test_handler.h"

namespace guest {

struct LuoMachine : testing::Test {
    using Limits = LuoLimits;

    Machine m;
    TestFile files[200];
    TestCalls calls;
    std::unique_ptr<TestFiles> retrieved;
    std::unique_ptr<HostHandler> handler;
    std::unique_ptr<LiveUpdate> luo;
    kho::PhysAddr header{}, flb_header{};
    Pages::Counts clean;  // the counts before anything was taken

    LuoMachine() {
        for (std::uint64_t i = 0; i < 200; i++) {
            files[i].type = &TestFiles::type;
            files[i].references = 1;
            files[i].id = i;
        }
        clean = m.pages.counts();
        start();
    }
    ~LuoMachine() override { EXPECT_EQ(calls.violations(), 0u) << "the orchestrator broke a contract"; }

    template <Limits limits = Limits{}>
    void start() {
        retrieved = std::make_unique<TestFiles>();
        retrieved->init(m.pages);
        handler = std::make_unique<HostHandler>(m.pages, *retrieved, calls);
        luo = std::make_unique<LiveUpdate>();
        ASSERT_EQ(luo->start<limits>(m.pages, true), Errno::ok);
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
    File *must_retrieve(Session &s, std::uint64_t token) {
        const Result<File *> file = luo->retrieve(s, token);
        EXPECT_TRUE(file) << token << ": " << name(file.error());
        return *file;
    }
    // Serializes, and goes on as the next kernel, not deserialized yet.
    template <Limits limits = Limits{}>
    void kexec() {
        ASSERT_EQ(luo->serialize(), Errno::ok);
        header = luo->session_header();
        flb_header = luo->flb_header();
        m.kexec();
        start<limits>();
        calls.clear_trace();
    }
    Fault deserialize_fault() {
        const Errno error = luo->deserialize({.sessions = header, .flbs = flb_header});
        EXPECT_EQ(error == Errno::ok, luo->last_place().fault == Fault::none);
        return luo->last_place().fault;
    }
    Log take_log() { return guest::take_log(calls); }
    kho::abi::luo_session_ser &session_ser(std::uint64_t i) {
        return m.as<kho::abi::luo_session_ser>(header + (8 + i * sizeof(kho::abi::luo_session_ser)));
    }
    kho::abi::luo_file_ser &file_ser(std::uint64_t session, std::uint64_t i) {
        return m.as<kho::abi::luo_file_ser>(session_ser(session).file_set.files +
                                            i * sizeof(kho::abi::luo_file_ser));
    }
};

}  // namespace guest
