// SPDX-License-Identifier: GPL-2.0-or-later
// What Linux 7.2 and later hand over: luo_ser, and sessions and files in chains of blocks.
#include "fdt/abi/luo_v5.h"
#include "guest/luo/block_chain.h"
#include "tests/unit/guest/luo_machine.h"

namespace guest {
namespace {

using kho::PhysAddr;
using kho::abi::kho_block_header_ser;
using kho::abi::luo_file_ser;
using kho::abi::luo_ser;
using kho::abi::luo_session_ser;

// Writes as the old kernel would, from what our own file sets preserve.
struct Blocks : LuoMachine {
    PhysAddr root{};

    // A chain with as many entries in each block as `fill` says, the last one with the rest.
    template <typename T>
    std::uint64_t chain(const std::vector<T> &entries, std::uint64_t fill) {
        std::uint64_t first = 0, previous = 0;
        for (std::size_t from = 0; from < entries.size(); from += fill) {
            const PhysAddr block = *alloc_preserve(m.pages, kho::page_size);
            const std::size_t count = std::min<std::size_t>(fill, entries.size() - from);
            m.as<kho_block_header_ser>(block) = {.next = 0, .count = count};
            for (std::size_t i = 0; i < count; i++)
                m.as<T>(block + (sizeof(kho_block_header_ser) + i * sizeof(T))) = entries[from + i];
            (previous == 0 ? first : m.as<kho_block_header_ser>(previous).next) = kho::value(block);
            previous = kho::value(block);
        }
        return first;
    }
    static luo_session_ser session(const std::string &name, std::uint64_t files, std::uint64_t count) {
        luo_session_ser ser{};
        std::memcpy(ser.name, name.data(), name.size());
        ser.file_set = {files, count};
        return ser;
    }
    luo_file_ser file(std::uint64_t token) {
        const PhysAddr page = *alloc_preserve(m.pages, kho::page_size);
        m.as<TestPage>(page) = {test_file_magic, token % 1000, 1};
        luo_file_ser ser{.compatible = "test-v1", .data = kho::value(page), .token = token};
        return ser;
    }
    std::vector<luo_file_ser> many(std::uint64_t count, std::uint64_t first_token) {
        std::vector<luo_file_ser> all;
        for (std::uint64_t i = 0; i < count; i++) all.push_back(file(first_token + i));
        return all;
    }
    void hand_over(const std::vector<luo_session_ser> &sessions,
                   std::uint64_t fill = kho::abi::sessions_per_block) {
        ASSERT_EQ(luo->stop(), Errno::ok);
        root = *alloc_preserve(m.pages, kho::page_size);
        m.as<luo_ser>(root) = {
            .compatible = "luo-v5", .liveupdate_num = 4, .sessions_pa = chain(sessions, fill), .flbs_pa = 0};
        m.kexec();
        start();
        calls.clear_trace();
    }
    Errno read(LuoRoot &out, Place &place, std::uint64_t size = sizeof(luo_ser)) {
        return read_luo_ser(m.pages, root, size, out, place);
    }
    Errno deserialize() {
        LuoRoot out;
        Place place;
        EXPECT_EQ(read(out, place), Errno::ok) << name(place.fault);
        return luo->deserialize(out);
    }
    kho_block_header_ser &session_block() {
        return m.as<kho_block_header_ser>(m.as<luo_ser>(root).sessions_pa);
    }
    luo_session_ser &first_session() {
        return m.as<luo_session_ser>(m.as<luo_ser>(root).sessions_pa + sizeof(kho_block_header_ser));
    }
    kho_block_header_ser &file_block() { return m.as<kho_block_header_ser>(first_session().file_set.files); }
};

TEST_F(Blocks, FiveHundredFilesAndManySessionsComeThroughAndEveryPageIsGivenBack) {
    std::vector<luo_session_ser> sessions{
        session("full", chain(many(500, 1000), kho::abi::files_per_block), 500),
        session("loose", chain(many(7, 1), 2), 7), session("empty", 0, 0)};
    for (int i = 0; i < 200; i++) sessions.push_back(session("s" + std::to_string(i), 0, 0));
    hand_over(sessions);
    ASSERT_EQ(deserialize(), Errno::ok) << name(luo->last_place().fault);
    EXPECT_EQ(luo->incoming().count(), 203u);
    Session &full = retrieve("full");
    for (const std::uint64_t token : {1499u, 1000u, 1063u}) {
        File *got = must_retrieve(full, token);
        EXPECT_EQ(static_cast<TestFile *>(got)->id, token % 1000);
        put_file(*got);
    }
    ASSERT_EQ(luo->release(full), Errno::ok);
    ASSERT_EQ(luo->release(retrieve("loose")), Errno::ok);
    ASSERT_EQ(luo->release(retrieve("empty")), Errno::ok);
    for (int i = 0; i < 200; i++) ASSERT_EQ(luo->release(retrieve("s" + std::to_string(i))), Errno::ok);
    ASSERT_EQ(restore_free(m.pages, root), Errno::ok);
    ASSERT_EQ(luo->stop(), Errno::ok);
    EXPECT_EQ(m.pages.counts(), clean);
}

TEST_F(Blocks, NoSessionIsAChainOfNoBlock) {
    hand_over({});
    EXPECT_EQ(deserialize(), Errno::ok);
    EXPECT_EQ(luo->incoming().count(), 0u);
}

TEST_F(Blocks, AMalformedRootIsRefusedWithItsOwnFault) {
    struct Case {
        const char *what;
        Fault fault;
        std::uint64_t size;
        void (*damage)(luo_ser &ser);
    };
    const Case cases[] = {
        {"31 bytes", Fault::luo_size, 31, [](luo_ser &) {}},
        {"more than a page", Fault::luo_size, kho::page_size + 1, [](luo_ser &) {}},
        {"an earlier version", Fault::luo_compatible, 32, [](luo_ser &s) { s.compatible[5] = '4'; }},
        {"an unterminated version", Fault::luo_compatible, 32,
         [](luo_ser &s) { std::memset(s.compatible, 'l', 8); }},
        {"no version", Fault::luo_compatible, 32, [](luo_ser &s) { s.compatible[0] = 0; }},
        {"sessions unaligned", Fault::block_address, 32, [](luo_ser &s) { s.sessions_pa += 8; }},
        {"FLBs unaligned", Fault::block_address, 32, [](luo_ser &s) { s.flbs_pa = 0x2000001; }},
    };
    class Run : public Blocks {
        void TestBody() override {}
    };
    for (const Case &c : cases) {
        Run t;
        t.hand_over({session("s", 0, 0)});
        c.damage(t.m.as<luo_ser>(t.root));
        LuoRoot out;
        Place place;
        EXPECT_EQ(t.read(out, place, c.size), Errno::einval) << c.what;
        EXPECT_EQ(place.fault, c.fault) << c.what;
    }
}

TEST_F(Blocks, MalformedChainsAreRefusedWithFaultAndPlace) {
    struct Case {
        const char *what;
        Fault fault;
        void (*damage)(Blocks &t);
    };
    static const Case cases[] = {
        {"a block outside of RAM", Fault::block_address,
         [](Blocks &t) { t.m.as<luo_ser>(t.root).sessions_pa = std::uint64_t{1} << 50; }},
        {"a block that is not preserved", Fault::block_address,
         [](Blocks &t) { t.session_block().next = 0x2f00000; }},
        {"a next that is unaligned", Fault::block_address, [](Blocks &t) { t.session_block().next |= 1; }},
        {"a cycle", Fault::block_shared,
         [](Blocks &t) { t.session_block().next = t.m.as<luo_ser>(t.root).sessions_pa; }},
        {"an empty block", Fault::block_count, [](Blocks &t) { t.session_block().count = 0; }},
        {"52 sessions in a block", Fault::block_count, [](Blocks &t) { t.session_block().count = 52; }},
        {"64 files in a block", Fault::block_count, [](Blocks &t) { t.file_block().count = 64; }},
        {"a block of files with 2^64 - 1", Fault::block_count,
         [](Blocks &t) { t.file_block().count = ~std::uint64_t{0}; }},
        {"files of two sessions in one chain", Fault::block_shared,
         [](Blocks &t) { (&t.first_session())[1].file_set = t.first_session().file_set; }},
        {"sessions as files", Fault::block_shared,
         [](Blocks &t) { t.first_session().file_set.files = t.m.as<luo_ser>(t.root).sessions_pa; }},
        {"fewer files than the session says", Fault::file_count,
         [](Blocks &t) { t.first_session().file_set.count++; }},
        {"more files than the session says", Fault::file_count,
         [](Blocks &t) { t.first_session().file_set.count--; }},
        {"files without a count", Fault::files_without_count,
         [](Blocks &t) { t.first_session().file_set.count = 0; }},
        {"a count without files", Fault::count_without_files,
         [](Blocks &t) { t.first_session().file_set.files = 0; }},
        {"a token in two blocks", Fault::token_twice,
         [](Blocks &t) {
             auto &second = t.m.as<luo_file_ser>(t.file_block().next + sizeof(kho_block_header_ser));
             second.token = 1;
         }},
    };
    class Run : public Blocks {
        void TestBody() override {}
    };
    for (const Case &c : cases) {
        Run t;
        const std::uint64_t chain_of_files = t.chain(t.many(5, 1), 3);
        t.hand_over({session("a", chain_of_files, 5), session("b", 0, 0)});
        c.damage(t);
        const Pages::Counts before = t.m.pages.counts();
        EXPECT_NE(t.deserialize(), Errno::ok) << c.what;
        EXPECT_EQ(t.luo->last_place().fault, c.fault) << c.what;
        EXPECT_EQ(t.luo->incoming().count(), 0u) << c.what;
        EXPECT_EQ(t.m.pages.counts(), before) << c.what;
    }
}

TEST_F(Blocks, MoreThanTenThousandBlocksAreTooMany) {
    for (const int count : {10000, 10001}) {
        Machine large(256 << 20);
        std::vector<PhysAddr> blocks;
        for (int i = 0; i < count; i++) blocks.push_back(*alloc_preserve(large.pages, kho::page_size));
        for (int i = 0; i < count; i++)
            large.as<kho_block_header_ser>(blocks[i]) = {
                .next = i + 1 < count ? kho::value(blocks[i + 1]) : 0, .count = 1};
        large.kexec();
        Place place;
        std::uint64_t entries = 0;
        const auto visit = [&](const luo_file_ser &, std::uint64_t) {
            entries++;
            return Errno::ok;
        };
        static_cast<void>(read_blocks<luo_file_ser>(large.pages, blocks[0], place, visit));
        EXPECT_EQ(place.fault, count == 10000 ? Fault::none : Fault::block_too_many) << count;
        EXPECT_EQ(entries, 10000u);
    }
}

}  // namespace
}  // namespace guest
