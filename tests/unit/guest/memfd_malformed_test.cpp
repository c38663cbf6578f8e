// SPDX-License-Identifier: GPL-2.0-or-later
// Serialized memory files that must be refused.
#include "tests/unit/guest/memfd_machine.h"

namespace guest {
namespace {

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
        {"data in a block of two pages, the file array", Fault::memfd_data, 0,
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
        {"an order without a list", Fault::vmalloc_unused, 0,
         [](Memfd &t) {
             t.ser().nr_folios = 0;
             t.ser().folios = {.first = 0, .total_pages = 0, .flags = 0, .order = 64};
         }},
        {"flags without a list", Fault::vmalloc_unused, 0,
         [](Memfd &t) {
             t.ser().nr_folios = 0;
             t.ser().folios = {.first = 0, .total_pages = 0, .flags = 1, .order = 0};
         }},
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
        EXPECT_EQ(t.luo->deserialize({.sessions = t.header, .flbs = t.flb_header}), Errno::einval) << c.what;
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
        {"its header", Fault::memfd_data_shared,
         [](Memfd &t, memfd_luo_ser &, memfd_luo_ser &) {
             auto *sers = &t.m.as<kho::abi::luo_file_ser>(
                 t.m.as<kho::abi::luo_session_ser>(t.header + 8).file_set.files);
             sers[1].data = sers[0].data;
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
        EXPECT_EQ(t.luo->deserialize({.sessions = t.header, .flbs = t.flb_header}), Errno::einval) << c.what;
        EXPECT_EQ(t.luo->last_place().fault, c.fault) << c.what;
        EXPECT_EQ(t.luo->last_place().token, 2u) << c.what;
    }
}

// Any flipped bit of the serialized form is refused, or is a change of size, position or flags that no reader
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
            if (t.luo->deserialize({.sessions = t.header, .flbs = t.flb_header}) != Errno::ok)
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
