// SPDX-License-Identifier: GPL-2.0-or-later
// Memory files and their handler, whose serialized form is memfd-v1.
#include "guest/luo/memfd_handler.h"

#include <memory>

#include "guest/kho/preserve.h"
#include "guest/luo/live_update.h"
#include "guest/luo/luo_fdt.h"
#include "tests/unit/guest/machine.h"

namespace guest {
namespace {

using kho::page_size;
using kho::PhysAddr;
using kho::abi::kho_vmalloc;
using kho::abi::memfd_luo_folio_ser;
using kho::abi::memfd_luo_ser;
using kho::abi::vmalloc_chunk;

struct Memfd : testing::Test {
    Machine m;
    Pages::Counts clean = m.pages.counts();
    std::unique_ptr<MemoryFiles> files;
    std::unique_ptr<MemfdHandler> handler;
    std::unique_ptr<LiveUpdate> luo;
    PhysAddr header{};

    explicit Memfd(bool strict = true) { start(strict); }
    void TestBody() override {}

    void start(bool strict = true) {
        files = std::make_unique<MemoryFiles>();
        handler = std::make_unique<MemfdHandler>();
        luo = std::make_unique<LiveUpdate>();
        files->init(m.pages);
        handler->init(m.pages, *files, strict);
        ASSERT_EQ(luo->start(m.pages, true), Errno::ok);
        ASSERT_EQ(luo->registry().add(*handler), Errno::ok);
    }
    void kexec(bool strict = true) {
        ASSERT_EQ(luo->serialize(), Errno::ok);
        header = luo->session_header();
        m.kexec();
        start(strict);
    }
    struct Part {
        std::uint64_t index;
        unsigned order;
    };
    MemoryFile &make(std::uint64_t size, const std::vector<Part> &parts) {
        MemoryFile &file = **files->create(size);
        for (const Part &part : parts) {
            const PhysAddr folio = *m.pages.allocate(part.order);
            std::memset(m.at(folio), static_cast<int>(part.index + 1), kho::order_bytes(part.order));
            EXPECT_EQ(files->add_folio(file, part.index, folio, part.order), Errno::ok) << part.index;
        }
        return file;
    }
    // The serialized form of the only file of the only session.
    memfd_luo_ser &ser() {
        const auto &session = m.as<kho::abi::luo_session_ser>(header + 8);
        return m.as<memfd_luo_ser>(m.as<kho::abi::luo_file_ser>(session.file_set.files).data);
    }
    vmalloc_chunk &chunk() { return m.as<vmalloc_chunk>(ser().folios.first); }
    memfd_luo_folio_ser &folio(std::uint64_t i) {
        return m.as<memfd_luo_folio_ser>(chunk().pages[i / 256] + i % 256 * sizeof(memfd_luo_folio_ser));
    }
};

TEST_F(Memfd, AFolioIsAlignedBehindTheLastAndBeforeTheEnd) {
    MemoryFile &file = **files->create(10 * page_size + 1);
    const PhysAddr page = *m.pages.allocate(0), two = *m.pages.allocate(1);
    const struct {
        const char *what;
        std::uint64_t index;
        PhysAddr at;
        unsigned order;
        Errno expected;
    } cases[] = {
        {"unaligned", 1, two, 1, Errno::einval},     {"beyond the end", 11, page, 0, Errno::einval},
        {"absurd order", 0, two, 11, Errno::einval}, {"fits", 2, two, 1, Errno::ok},
        {"overlaps", 3, page, 0, Errno::einval},     {"before the last", 1, page, 0, Errno::einval},
        {"the last page", 10, page, 0, Errno::ok},
    };
    for (const auto &c : cases)
        EXPECT_EQ(files->add_folio(file, c.index, c.at, c.order), c.expected) << c.what;
    put_file(file);
    ASSERT_EQ(luo->stop(), Errno::ok);
    EXPECT_EQ(m.pages.counts(), clean) << "the file frees its folios";
}

TEST_F(Memfd, AHeldFileDoesNotGrow) {
    MemoryFile &file = make(4 * page_size, {{0, 0}});
    ASSERT_EQ(luo->preserve(**luo->create_session("s"), 1, &file), Errno::ok);
    EXPECT_EQ(files->add_folio(file, 1, *m.pages.allocate(0), 0), Errno::ebusy);
}

TEST_F(Memfd, TheSerializedFormIsExactlyMemfdV1) {
    MemoryFile &file = make(20 * page_size + 5, {{0, 0}, {4, 2}, {20, 0}});
    file.position = 77;
    ASSERT_EQ(luo->preserve(**luo->create_session("s"), 1, &file), Errno::ok);
    file.position = 99;  // moves until it is frozen
    ASSERT_EQ(luo->serialize(), Errno::ok);
    header = luo->session_header();
    EXPECT_EQ(ser().pos, 99u);
    EXPECT_EQ(ser().size, 20 * page_size + 5);
    EXPECT_EQ(ser().nr_folios, 3u);
    EXPECT_EQ(ser().folios.total_pages, 1u);
    EXPECT_EQ(ser().folios.flags, 1u);
    EXPECT_EQ(ser().folios.order, 0u);
    const std::uint64_t dirty_uptodate = std::uint64_t{3} << 52;
    for (std::uint64_t i = 0; i < 3; i++) {
        EXPECT_EQ(folio(i).pfn_flags, kho::value(file.folios[i].at) >> 12 | dirty_uptodate) << i;
        EXPECT_EQ(folio(i).index, file.folios[i].index) << i;
        EXPECT_TRUE(m.pages.is_preserved(file.folios[i].at)) << i;
    }
}

TEST_F(Memfd, FilesOfEveryShapeArriveWholeAndNothingLeaks) {
    const struct {
        const char *what;
        std::uint64_t size;
        std::vector<Part> parts;
    } cases[] = {
        {"empty", 0, {}},
        {"one byte", 1, {{0, 0}}},
        {"one page", page_size, {{0, 0}}},
        {"one hole", 9 * page_size, {}},
        {"a hole first and last", 64 * page_size, {{8, 3}, {16, 0}, {32, 4}}},
        {"a folio of the largest order", 1024 * page_size, {{0, 10}}},
        {"a folio that reaches beyond the end", 3 * page_size, {{0, 2}}},
    };
    for (const auto &c : cases) {
        Memfd t;
        MemoryFile &file = t.make(c.size, c.parts);
        file.position = c.size + 3;
        ASSERT_EQ(t.luo->preserve(**t.luo->create_session("s"), 1, &file), Errno::ok) << c.what;
        t.kexec();
        ASSERT_EQ(t.luo->deserialize(t.header), Errno::ok)
            << c.what << ": " << name(t.luo->last_place().fault);
        Session &s = **t.luo->retrieve_session("s");
        const Result<File *> got = t.luo->retrieve(s, 1);
        ASSERT_TRUE(got) << c.what;
        const auto &found = static_cast<const MemoryFile &>(**got);
        EXPECT_EQ(found.size, c.size) << c.what;
        EXPECT_EQ(found.position, c.size + 3) << c.what;
        ASSERT_EQ(found.folio_count, c.parts.size()) << c.what;
        for (std::size_t i = 0; i < c.parts.size(); i++) {
            EXPECT_EQ(found.folios[i].index, c.parts[i].index) << c.what;
            EXPECT_EQ(found.folios[i].order, c.parts[i].order) << c.what;
            EXPECT_EQ(t.m.as<std::uint8_t>(found.folios[i].at + 5), c.parts[i].index + 1) << c.what;
        }
        ASSERT_EQ(t.luo->release(s), Errno::ok) << c.what;
        put_file(**got);
        ASSERT_EQ(t.luo->stop(), Errno::ok);
        EXPECT_EQ(t.m.pages.counts(), t.clean) << c.what;
    }
}

TEST_F(Memfd, AFolioListLongerThanOneChunkOfItsAreaArrives) {
    // 511 data pages hold 130816 entries; a page for each would need 511 MiB.
    MemoryFile &file = **files->create(300 * page_size * 2);
    for (std::uint64_t i = 0; i < 300; i++)
        ASSERT_EQ(files->add_folio(file, 2 * i, *m.pages.allocate(0), 0), Errno::ok);
    ASSERT_EQ(luo->preserve(**luo->create_session("s"), 1, &file), Errno::ok);
    kexec();
    ASSERT_EQ(luo->deserialize(header), Errno::ok);
    Session &s = **luo->retrieve_session("s");
    EXPECT_EQ(static_cast<MemoryFile &>(**luo->retrieve(s, 1)).folio_count, 300u);
}

TEST_F(Memfd, AFileThatNobodyRetrievesIsFreedByFinish) {
    MemoryFile &file = make(20 * page_size, {{0, 0}, {4, 2}});
    ASSERT_EQ(luo->preserve(**luo->create_session("s"), 1, &file), Errno::ok);
    kexec();
    ASSERT_EQ(luo->deserialize(header), Errno::ok);
    Session &s = **luo->retrieve_session("s");
    ASSERT_EQ(luo->finish(s), Errno::ok);
    ASSERT_EQ(luo->release(s), Errno::ok);
    ASSERT_EQ(luo->stop(), Errno::ok);
    EXPECT_EQ(m.pages.counts(), clean);
}

TEST_F(Memfd, UnpreserveGivesBackAllButTheFile) {
    MemoryFile &file = make(600 * page_size, {{0, 3}, {8, 0}, {512, 6}});
    const Pages::Counts before = m.pages.counts();
    Session &s = **luo->create_session("s");
    ASSERT_EQ(luo->preserve(s, 1, &file), Errno::ok);
    ASSERT_EQ(luo->release(s), Errno::ok);
    EXPECT_EQ(m.pages.counts(), before);
    EXPECT_EQ(file.references, 1u);
}

TEST_F(Memfd, EveryFailedAllocationOfPreserveIsUndone) {
    MemoryFile &file = **files->create(1000 * page_size);
    for (std::uint64_t i = 0; i < 600; i++)
        ASSERT_EQ(files->add_folio(file, i, *m.pages.allocate(0), 0), Errno::ok);
    Session &s = **luo->create_session("s");
    fail_every_allocation(
        m.pages, [&] { return luo->preserve(s, 1, &file); },
        [&] {
            ASSERT_EQ(luo->release(s), Errno::ok);
            ASSERT_TRUE(luo->create_session("s"));
        });
}

TEST_F(Memfd, AFolioThatCannotBePreservedUndoesTheOthers) {
    MemoryFile &file = make(4 * page_size, {{0, 0}, {1, 0}, {2, 0}});
    ASSERT_EQ(m.pages.preserve(file.folios[2].at), Errno::ok);  // somebody else did
    const Pages::Counts before = m.pages.counts();
    Session &s = **luo->create_session("s");
    EXPECT_EQ(luo->preserve(s, 1, &file), Errno::einval);
    ASSERT_EQ(luo->release(s), Errno::ok);
    EXPECT_EQ(m.pages.counts(), before);
}

TEST_F(Memfd, ARetrieveWithoutMemoryGivesTheFileUpAndIsRemembered) {
    for (std::uint64_t n = 1; n <= 2; n++) {
        Memfd t;
        ASSERT_EQ(t.luo->preserve(**t.luo->create_session("s"), 1, &t.make(8 * page_size, {{0, 3}})),
                  Errno::ok);
        t.kexec();
        ASSERT_EQ(t.luo->deserialize(t.header), Errno::ok);
        Session &s = **t.luo->retrieve_session("s");
        t.m.pages.fail_allocation(n);
        EXPECT_EQ(t.luo->retrieve(s, 1).error(), Errno::enomem) << n;
        EXPECT_EQ(t.luo->retrieve(s, 1).error(), Errno::enomem) << n;
        ASSERT_EQ(t.luo->release(s), Errno::ok);
        ASSERT_EQ(t.luo->stop(), Errno::ok);
        EXPECT_EQ(t.m.pages.counts(), t.clean) << n;
    }
}

// Each case damages the serialized form of a sound file of 40 pages: folios at 0 (order 0), 8 (order 3), 32
// (order 0).
TEST_F(Memfd, AMalformedFileIsRefusedBeforeAnythingIsTakenAndTheOffsetIsTold) {
    struct Case {
        const char *what;
        Fault fault;
        std::uint64_t offset_page;  // 0: no offset
        void (*damage)(Memfd &t);
    };
    static const auto pfn_of = [](std::uint64_t address) { return address >> 12 | std::uint64_t{3} << 52; };
    static const Case cases[] = {
        {"data at 0", Fault::memfd_data, 0,
         [](Memfd &t) {
             const auto &s = t.m.as<kho::abi::luo_session_ser>(t.header + 8);
             t.m.as<kho::abi::luo_file_ser>(s.file_set.files).data = 0;
         }},
        {"data unaligned", Fault::memfd_data, 0,
         [](Memfd &t) {
             const auto &s = t.m.as<kho::abi::luo_session_ser>(t.header + 8);
             t.m.as<kho::abi::luo_file_ser>(s.file_set.files).data += 8;
         }},
        {"data that is the file array", Fault::memfd_data_shared, 0,
         [](Memfd &t) {
             const auto &s = t.m.as<kho::abi::luo_session_ser>(t.header + 8);
             t.m.as<kho::abi::luo_file_ser>(s.file_set.files).data = s.file_set.files;
         }},
        {"a size beyond 2^63", Fault::memfd_size, 0, [](Memfd &t) { t.ser().size = std::uint64_t{1} << 63; }},
        {"a position beyond 2^63", Fault::memfd_size, 0, [](Memfd &t) { t.ser().pos = ~std::uint64_t{0}; }},
        {"more folios than the file has pages", Fault::memfd_folio_count, 0,
         [](Memfd &t) { t.ser().nr_folios = 41; }},
        {"more folios than the list holds", Fault::memfd_folio_count, 0,
         [](Memfd &t) {
             t.ser().size = 1000 * page_size;
             t.ser().nr_folios = 257;
         }},
        {"2^64 - 1 folios", Fault::memfd_folio_count, 0,
         [](Memfd &t) { t.ser().nr_folios = ~std::uint64_t{0}; }},
        {"a list without folios", Fault::vmalloc_unused, 0, [](Memfd &t) { t.ser().nr_folios = 0; }},
        {"a list with unknown flags", Fault::vmalloc_flags, 0,
         [](Memfd &t) { t.ser().folios.flags = 0x8001; }},
        {"a list of another length", Fault::vmalloc_length, 0,
         [](Memfd &t) { t.ser().folios.total_pages = 2; }},
        {"a list that is the file's own header", Fault::vmalloc_shared, 0,
         [](Memfd &t) {
             const auto &s = t.m.as<kho::abi::luo_session_ser>(t.header + 8);
             t.chunk().pages[0] = t.m.as<kho::abi::luo_file_ser>(s.file_set.files).data;
         }},
        {"unknown folio flags", Fault::folio_flags, 8,
         [](Memfd &t) { t.folio(1).pfn_flags |= std::uint64_t{4} << 52; }},
        {"a folio in free memory", Fault::folio_not_preserved, 8,
         [](Memfd &t) { t.folio(1).pfn_flags = pfn_of(0x2ff0000); }},
        {"a folio outside of RAM", Fault::folio_not_preserved, 8,
         [](Memfd &t) { t.folio(1).pfn_flags = pfn_of(std::uint64_t{1} << 50); }},
        {"a folio in scratch", Fault::folio_not_preserved, 8,
         [](Memfd &t) { t.folio(1).pfn_flags = pfn_of(Machine::scratch_start); }},
        {"a pfn inside a folio", Fault::folio_not_preserved, 8, [](Memfd &t) { t.folio(1).pfn_flags++; }},
        {"a folio twice", Fault::folio_shared, 32,
         [](Memfd &t) { t.folio(2).pfn_flags = t.folio(0).pfn_flags; }},
        {"a folio that is metadata", Fault::folio_shared, 32,
         [](Memfd &t) { t.folio(2).pfn_flags = pfn_of(t.ser().folios.first); }},
        {"an index that does not fit the order", Fault::folio_index, 9,
         [](Memfd &t) { t.folio(1).index = 9; }},
        {"an index beyond the end", Fault::folio_index, 40, [](Memfd &t) { t.folio(2).index = 40; }},
        {"an index inside the last folio", Fault::folio_index, 15, [](Memfd &t) { t.folio(2).index = 15; }},
        {"an index before the last folio", Fault::folio_index, 4, [](Memfd &t) { t.folio(2).index = 4; }},
        {"an index that overflows the offset", Fault::folio_index, std::uint64_t{1} << 52,
         [](Memfd &t) { t.folio(2).index = std::uint64_t{1} << 52; }},
    };
    for (const Case &c : cases) {
        Memfd t;
        MemoryFile &file = t.make(40 * page_size, {{0, 0}, {8, 3}, {32, 0}});
        ASSERT_EQ(t.luo->preserve(**t.luo->create_session("s"), 5, &file), Errno::ok);
        t.kexec();
        c.damage(t);
        const Pages::Counts before = t.m.pages.counts();
        EXPECT_EQ(t.luo->deserialize(t.header), Errno::einval) << c.what;
        const Place &place = t.luo->last_place();
        EXPECT_EQ(place.fault, c.fault) << c.what;
        EXPECT_STREQ(place.session, "s") << c.what;
        EXPECT_TRUE(place.in_file && place.token == 5) << c.what;
        EXPECT_EQ(place.has_offset, c.offset_page != 0) << c.what;
        if (c.offset_page != 0) {
            EXPECT_EQ(place.offset, c.offset_page << 12) << c.what;
        }
        EXPECT_EQ(t.m.pages.counts(), before) << c.what;
    }
}

TEST_F(Memfd, TwoFilesThatShareAnythingAreRefused) {
    const struct {
        const char *what;
        Fault fault;
        void (*damage)(Memfd &t, memfd_luo_ser &a, memfd_luo_ser &b);
    } cases[] = {
        {"the folio", Fault::folio_shared,
         [](Memfd &t, memfd_luo_ser &a, memfd_luo_ser &b) {
             const std::uint64_t from = t.m.as<vmalloc_chunk>(a.folios.first).pages[0];
             t.m.as<memfd_luo_folio_ser>(t.m.as<vmalloc_chunk>(b.folios.first).pages[0]) =
                 t.m.as<memfd_luo_folio_ser>(from);
         }},
        {"the list", Fault::vmalloc_shared,
         [](Memfd &, memfd_luo_ser &a, memfd_luo_ser &b) { b.folios = a.folios; }},
    };
    for (const auto &c : cases) {
        Memfd t;
        Session &s = **t.luo->create_session("s");
        ASSERT_EQ(t.luo->preserve(s, 1, &t.make(page_size, {{0, 0}})), Errno::ok);
        ASSERT_EQ(t.luo->preserve(s, 2, &t.make(page_size, {{0, 0}})), Errno::ok);
        t.kexec();
        const auto *sers =
            &t.m.as<kho::abi::luo_file_ser>(t.m.as<kho::abi::luo_session_ser>(t.header + 8).file_set.files);
        c.damage(t, t.m.as<memfd_luo_ser>(sers[0].data), t.m.as<memfd_luo_ser>(sers[1].data));
        EXPECT_EQ(t.luo->deserialize(t.header), Errno::einval) << c.what;
        EXPECT_EQ(t.luo->last_place().fault, c.fault) << c.what;
        EXPECT_EQ(t.luo->last_place().token, 2u) << c.what;
    }
}

TEST_F(Memfd, EntriesWithoutAPageFrameAreSkipped) {
    MemoryFile &file = make(40 * page_size, {{0, 0}, {8, 3}, {32, 0}});
    ASSERT_EQ(luo->preserve(**luo->create_session("s"), 5, &file), Errno::ok);
    kexec();
    const PhysAddr left_out{(folio(1).pfn_flags & kho::abi::memfd_pfn_mask) << 12};
    folio(1).pfn_flags = 0;
    ASSERT_EQ(luo->deserialize(header), Errno::ok);
    Session &s = **luo->retrieve_session("s");
    EXPECT_EQ(static_cast<MemoryFile &>(**luo->retrieve(s, 5)).folio_count, 2u);
    EXPECT_TRUE(m.pages.is_incoming(left_out)) << "nobody refers to it";
}

TEST_F(Memfd, WithoutStrictnessAFolioThatWasNotPreservedIsLookedAt) {
    MemoryFile &file = make(2 * page_size, {{0, 0}, {1, 0}});
    ASSERT_EQ(luo->preserve(**luo->create_session("s"), 5, &file), Errno::ok);
    kexec(false);
    folio(1).pfn_flags = 0x2ff0000 >> 12 | std::uint64_t{3} << 52;
    m.as<std::uint64_t>(0x2ff0000) = 0xcccccccccccccccc;
    ASSERT_EQ(luo->deserialize(header), Errno::ok) << name(luo->last_place().fault);
    Session &s = **luo->retrieve_session("s");
    const auto &found = static_cast<MemoryFile &>(**luo->retrieve(s, 5));
    ASSERT_EQ(found.folio_count, 2u);
    EXPECT_EQ(kho::value(found.folios[1].at), 0x2ff0000u);
}

// Any flipped bit of the serialized form is refused, or is a change of size, position or flags that nobody
// can tell from the truth. Whatever was accepted can be retrieved, finished, and leaves nothing in use.
TEST_F(Memfd, NoFlippedBitMakesTheReaderMisbehave) {
    for (int where = 0; where < 3; where++)
        for (unsigned bit = 0; bit < 40 * 8; bit++) {
            Memfd t;
            MemoryFile &file = t.make(40 * page_size, {{0, 0}, {8, 3}, {32, 0}});
            ASSERT_EQ(t.luo->preserve(**t.luo->create_session("s"), 5, &file), Errno::ok);
            t.kexec();
            std::byte *target = where == 0   ? reinterpret_cast<std::byte *>(&t.ser())
                                : where == 1 ? reinterpret_cast<std::byte *>(&t.chunk())
                                             : reinterpret_cast<std::byte *>(&t.folio(0));
            target[bit / 8] ^= std::byte{1} << bit % 8;
            if (t.luo->deserialize(t.header) != Errno::ok)
                continue;
            Session &s = **t.luo->retrieve_session("s");
            const Result<File *> got = t.luo->retrieve(s, 5);
            ASSERT_TRUE(got) << where << " bit " << bit;
            ASSERT_EQ(t.luo->release(s), Errno::ok);
            put_file(**got);
            ASSERT_EQ(t.luo->stop(), Errno::ok);
            EXPECT_EQ(t.m.pages.counts().used, 0u) << where << " bit " << bit;
        }
}

}  // namespace
}  // namespace guest
