// SPDX-License-Identifier: GPL-2.0-or-later
// memfd-v2: what it says beyond memfd-v1 are seals, and flags of which none is defined.
#include "tests/unit/guest/memfd_machine.h"

namespace guest {
namespace {

using kho::abi::memfd_luo_ser_v2;

// Both handlers, the later one first, as with a device that writes the format of 7.1 or later.
struct MemfdV2 : Memfd {
    MemfdHandler v2;

    MemfdV2() { begin(); }
    void begin() {
        ASSERT_EQ(luo->registry().remove(*handler), Errno::ok);
        v2 = MemfdHandler();
        v2.init(m.pages, *files, true, memfd_v2);
        ASSERT_EQ(luo->registry().add(v2), Errno::ok);
        ASSERT_EQ(luo->registry().add(*handler), Errno::ok);
    }
    void next_kernel() {
        kexec();
        begin();
    }
    kho::abi::luo_file_ser &file_ser() {
        return m.as<kho::abi::luo_file_ser>(m.as<kho::abi::luo_session_ser>(header + 8).file_set.files);
    }
    memfd_luo_ser_v2 &ser_v2() { return m.as<memfd_luo_ser_v2>(file_ser().data); }
    void preserve(std::uint32_t seals) {
        MemoryFile &file = make(20 * page_size, {{0, 0}, {4, 2}});
        file.seals = seals;
        file.position = 77;
        ASSERT_EQ(luo->preserve(**luo->create_session("s"), 1, &file), Errno::ok);
    }
};

TEST_F(MemfdV2, SealsArriveWithTheFile) {
    for (const std::uint32_t seals : {0u, 8u, kho::abi::memfd_all_seals}) {
        MemfdV2 t;
        t.preserve(seals);
        t.next_kernel();
        EXPECT_STREQ(t.file_ser().compatible, "memfd-v2");
        EXPECT_EQ(t.ser_v2().seals, seals);
        EXPECT_EQ(t.ser_v2().flags, 0u);
        EXPECT_EQ(t.ser_v2().pos, 77u);
        ASSERT_EQ(t.luo->deserialize({.sessions = t.header, .flbs = t.flb_header}), Errno::ok);
        Session &s = **t.luo->retrieve_session("s");
        const Result<File *> got = t.luo->retrieve(s, 1);
        ASSERT_TRUE(got);
        const auto &file = static_cast<const MemoryFile &>(**got);
        EXPECT_EQ(file.seals, seals);
        EXPECT_EQ(file.size, 20 * page_size);
        EXPECT_EQ(file.position, 77u);
        EXPECT_EQ(file.folio_count, 2u);
        ASSERT_EQ(t.luo->release(s), Errno::ok);
        put_file(**got);
        ASSERT_EQ(t.luo->stop(), Errno::ok);
        EXPECT_EQ(t.m.pages.counts(), t.clean);
    }
}

TEST_F(MemfdV2, APositionThatMovedAfterPreserveIsFrozen) {
    preserve(0);
    auto &file = static_cast<MemoryFile &>(*luo->outgoing().first()->file_set.files().first()->file);
    file.position = 1234;
    next_kernel();
    EXPECT_EQ(ser_v2().pos, 1234u);
}

TEST_F(Memfd, V1TakesNoFileWithSealsSinceItWouldLoseThem) {
    MemoryFile &file = make(page_size, {});
    file.seals = 1;
    EXPECT_EQ(luo->preserve(**luo->create_session("s"), 1, &file), Errno::enoent);
}

TEST_F(MemfdV2, UnknownSealsAndAnyFlagAreRefused) {
    const struct {
        const char *what;
        Fault fault;
        std::uint64_t index;
        void (*damage)(memfd_luo_ser_v2 &ser);
    } cases[] = {
        {"a seal that is unknown", Fault::memfd_seals, 0x40, [](memfd_luo_ser_v2 &s) { s.seals = 0x40; }},
        {"all bits of seals", Fault::memfd_seals, 0xffffffff, [](memfd_luo_ser_v2 &s) { s.seals = ~0u; }},
        {"a flag", Fault::memfd_flags, 1, [](memfd_luo_ser_v2 &s) { s.flags = 1; }},
        {"a size beyond 2^63", Fault::memfd_size, 0, [](memfd_luo_ser_v2 &s) { s.size = ~std::uint64_t{0}; }},
        {"more folios than pages", Fault::memfd_folio_count, 21,
         [](memfd_luo_ser_v2 &s) { s.nr_folios = 21; }},
    };
    for (const auto &c : cases) {
        MemfdV2 t;
        t.preserve(0);
        t.next_kernel();
        c.damage(t.ser_v2());
        EXPECT_EQ(t.luo->deserialize({.sessions = t.header, .flbs = t.flb_header}), Errno::einval) << c.what;
        EXPECT_EQ(t.luo->last_place().fault, c.fault) << c.what;
        EXPECT_EQ(t.luo->last_place().index, c.index) << c.what;
        EXPECT_EQ(t.luo->last_place().address, t.file_ser().data) << c.what;
    }
}

// A kernel that only looks must not give out what it looks at.
TEST_F(MemfdV2, WhatIsKeptIsNotGivenOutAgain) {
    preserve(0);
    next_kernel();
    ASSERT_EQ(luo->deserialize({.sessions = header, .flbs = flb_header}), Errno::ok);
    m.pages.keep_incoming();
    const std::uint64_t free = m.pages.counts().free;
    Session &s = **luo->retrieve_session("s");
    const std::uint64_t incoming = m.pages.counts().incoming;
    ASSERT_GT(incoming, 0u);
    ASSERT_EQ(luo->finish(s), Errno::ok);
    EXPECT_EQ(m.pages.counts().incoming, 0u) << "taken";
    EXPECT_LE(m.pages.counts().free, free + 2) << "but not free: only entries of our own were";
    EXPECT_EQ(m.pages.retire(PhysAddr{0x2f00000}), Errno::einval) << "nothing of the last kernel's";
}

}  // namespace
}  // namespace guest
