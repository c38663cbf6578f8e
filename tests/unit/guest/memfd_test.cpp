// SPDX-License-Identifier: GPL-2.0-or-later
// Memory files and their handler, whose serialized form is memfd-v1.
#include "tests/unit/guest/memfd_machine.h"

namespace guest {
namespace {

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
        ASSERT_EQ(t.luo->deserialize({.sessions = t.header, .flbs = t.flb_header}), Errno::ok)
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
    ASSERT_EQ(luo->deserialize({.sessions = header, .flbs = flb_header}), Errno::ok);
    Session &s = **luo->retrieve_session("s");
    EXPECT_EQ(static_cast<MemoryFile &>(**luo->retrieve(s, 1)).folio_count, 300u);
}

TEST_F(Memfd, AFileThatNobodyRetrievesIsFreedByFinish) {
    MemoryFile &file = make(20 * page_size, {{0, 0}, {4, 2}});
    ASSERT_EQ(luo->preserve(**luo->create_session("s"), 1, &file), Errno::ok);
    kexec();
    ASSERT_EQ(luo->deserialize({.sessions = header, .flbs = flb_header}), Errno::ok);
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

TEST_F(Memfd, WhatTheNextKernelMustRefuseIsEFBIGAtOnce) {
    Session &s = **luo->create_session("s");
    const std::uint64_t too_much = std::uint64_t{1} << 63;
    MemoryFile &large = **files->create(too_much), &far = **files->create(0);
    far.position = too_much;
    const Pages::Counts before = m.pages.counts();
    EXPECT_EQ(luo->preserve(s, 1, &large), Errno::efbig);
    EXPECT_EQ(luo->preserve(s, 1, &far), Errno::efbig);
    EXPECT_EQ(luo->last_place().error, Errno::efbig);
    EXPECT_EQ(m.pages.counts(), before);
    large.size = too_much - 1;
    EXPECT_EQ(luo->preserve(s, 1, &large), Errno::ok);
    large.position = too_much;  // moves until it is frozen
    EXPECT_EQ(luo->serialize(), Errno::efbig);
    large.position = too_much - 1;
    EXPECT_EQ(luo->serialize(), Errno::ok);
}

TEST_F(Memfd, AFileOfAlmost2To64BytesTakesFolios) {
    MemoryFile &file = **files->create(~std::uint64_t{0});
    EXPECT_EQ(files->add_folio(file, 3, *m.pages.allocate(0), 0), Errno::ok)
        << "its pages do not wrap to none";
}

TEST_F(Memfd, AFolioThatCannotBePreservedUndoesTheOthers) {
    MemoryFile &file = make(4 * page_size, {{0, 0}, {1, 0}, {2, 0}});
    ASSERT_EQ(m.pages.preserve(file.folios[2].at), Errno::ok);  // another user did
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
        ASSERT_EQ(t.luo->deserialize({.sessions = t.header, .flbs = t.flb_header}), Errno::ok);
        Session &s = **t.luo->retrieve_session("s");
        t.m.pages.fail_allocation(n);
        EXPECT_EQ(t.luo->retrieve(s, 1).error(), Errno::enomem) << n;
        EXPECT_EQ(t.luo->retrieve(s, 1).error(), Errno::enomem) << n;
        ASSERT_EQ(t.luo->release(s), Errno::ok);
        ASSERT_EQ(t.luo->stop(), Errno::ok);
        EXPECT_EQ(t.m.pages.counts(), t.clean) << n;
    }
}

TEST_F(Memfd, EntriesWithoutAPageFrameAreSkipped) {
    MemoryFile &file = make(40 * page_size, {{0, 0}, {8, 3}, {32, 0}});
    ASSERT_EQ(luo->preserve(**luo->create_session("s"), 5, &file), Errno::ok);
    kexec();
    const PhysAddr left_out{(folio(1).pfn_flags & kho::abi::memfd_pfn_mask) << 12};
    folio(1).pfn_flags = 0;
    ASSERT_EQ(luo->deserialize({.sessions = header, .flbs = flb_header}), Errno::ok);
    Session &s = **luo->retrieve_session("s");
    EXPECT_EQ(static_cast<MemoryFile &>(**luo->retrieve(s, 5)).folio_count, 2u);
    EXPECT_TRUE(m.pages.is_incoming(left_out)) << "nothing refers to it";
}

TEST_F(Memfd, WithoutStrictnessAFolioThatWasNotPreservedIsLookedAt) {
    MemoryFile &file = make(2 * page_size, {{0, 0}, {1, 0}});
    ASSERT_EQ(luo->preserve(**luo->create_session("s"), 5, &file), Errno::ok);
    kexec(false);
    folio(1).pfn_flags = 0x2ff0000 >> 12 | std::uint64_t{3} << 52;
    m.as<std::uint64_t>(0x2ff0000) = 0xcccccccccccccccc;
    ASSERT_EQ(luo->deserialize({.sessions = header, .flbs = flb_header}), Errno::ok)
        << name(luo->last_place().fault);
    Session &s = **luo->retrieve_session("s");
    const auto &found = static_cast<MemoryFile &>(**luo->retrieve(s, 5));
    ASSERT_EQ(found.folio_count, 2u);
    EXPECT_EQ(kho::value(found.folios[1].at), 0x2ff0000u);
}

}  // namespace
}  // namespace guest
