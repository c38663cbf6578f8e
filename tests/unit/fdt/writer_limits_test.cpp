// SPDX-License-Identifier: GPL-2.0-or-later
// How much each generation holds: at, below and above each maximum; what converting loses; what cannot be
// written.
#include <cstring>
#include <functional>

#include "fdt/abi/luo_v5.h"
#include "fdt/abi/memfd.h"
#include "fdt/formats/releases.h"
#include "fdt/handlers/memfd.h"
#include "fdt/make/build.h"
#include "fdt/make/convert.h"
#include "fdt/read/reader.h"
#include "tests/unit/fdt/expect.h"

namespace kho {
namespace {

const RangeSet free_memory({{PhysAddr{0x100000}, std::uint64_t{8} << 30}});
const Release &linux_(const char *release) { return *find_release(release); }

Handover with_sessions(std::uint64_t sessions, std::uint64_t files) {
    Handover handover{.scratch = {{PhysAddr{std::uint64_t{16} << 30}, std::uint64_t{4} << 20}}};
    handover.luo.emplace();
    for (std::uint64_t i = 0; i < sessions; i++) {
        LuoSession &session = handover.luo->sessions.emplace_back();
        session.name = std::to_string(i);
        for (std::uint64_t j = 0; j < files; j++)
            session.files.push_back({.compatible = "opaque", .data = j, .token = j});
    }
    return handover;
}

// Written, read without an error, and the same.
void expect_written(const Handover &content, const Release &generation) {
    const auto written = write_handover(content, generation, free_memory);
    ASSERT_TRUE(succeeds(written));
    Findings findings;
    Handover read = read_handover(written.value().pages, written.value().data, findings);
    read.uses.clear();
    EXPECT_EQ(findings.errors(), 0u);
    EXPECT_TRUE(read == written.value().handover);
}

void expect_refused(const Handover &content, const Release &generation, Errc code, std::uint64_t index,
                    const std::string &what) {
    const auto written = write_handover(content, generation, free_memory);
    ASSERT_FALSE(written) << what;
    EXPECT_EQ(written.error().code, code) << written.error().what;
    EXPECT_EQ(written.error().index, index) << written.error().what;
    EXPECT_TRUE(written.error().what.starts_with(what)) << written.error().what;
}

TEST(WriterLimits, SessionsOfLuoV1) {
    for (const char *release : {"6.19", "7.0", "7.1"}) {
        SCOPED_TRACE(release);
        for (const std::uint64_t count : {0, 1, 818, 819})
            expect_written(with_sessions(count, 0), linux_(release));
        expect_refused(with_sessions(820, 0), linux_(release), Errc::session_count, 0,
                       "820 sessions, at most 819");
    }
}

TEST(WriterLimits, FilesOfLuoV1) {
    for (const char *release : {"6.19", "7.0", "7.1"}) {
        SCOPED_TRACE(release);
        for (const std::uint64_t count : {127, 128}) expect_written(with_sessions(2, count), linux_(release));
        expect_refused(with_sessions(1, 129), linux_(release), Errc::file_count, 0,
                       "session 0 \"0\": 129 files, at most 128");
    }
}

TEST(WriterLimits, BlocksOfLuoV5) {
    for (const std::uint64_t count : {50, 51, 52, 102, 103, 820})
        expect_written(with_sessions(count, 0), linux_("7.2"));
    for (const std::uint64_t count : {62, 63, 64, 126, 127, 129})
        expect_written(with_sessions(2, count), linux_("7.3"));
}

TEST(WriterLimits, TenThousandBlocksOfLuoV5) {
    const std::uint64_t sessions = abi::max_blocks * abi::sessions_per_block;
    expect_written(with_sessions(sessions, 0), linux_("7.2"));
    expect_refused(with_sessions(sessions + 1, 0), linux_("7.2"), Errc::session_count, 0,
                   "510001 sessions, at most 510000");
    const std::uint64_t files = abi::max_blocks * abi::files_per_block;
    expect_written(with_sessions(1, files), linux_("7.2"));
    expect_refused(with_sessions(1, files + 1), linux_("7.2"), Errc::file_count, 0,
                   "session 0 \"0\": 630001 files, at most 630000");
}

TEST(WriterLimits, NamesAndFlbs) {
    Handover handover = with_sessions(1, 1);
    handover.luo->sessions[0].name.assign(63, 's');
    handover.luo->sessions[0].files[0].compatible.assign(47, 'c');
    handover.luo->flbs.emplace();
    for (int i = 0; i < 63; i++)
        handover.luo->flbs->push_back(
            {.name = std::string(45, 'f') + char('0' + i / 10) + char('0' + i % 10), .count = 1});
    handover.kexec_metadata = {.previous_release = std::string(64, 'r')};
    expect_written(handover, linux_("7.1"));
    expect_written(handover, linux_("7.2"));

    const struct {
        std::function<void(Handover &)> change;
        Errc code;
        std::string what;
    } cases[] = {
        {[](auto &h) { h.luo->sessions[0].name += 's'; }, Errc::session_name, "session 0 \"sss"},
        {[](auto &h) { h.luo->sessions[0].name.clear(); }, Errc::session_name,
         "session 0 \"\": the name has 0"},
        {[](auto &h) { h.luo->sessions[0].name = std::string("a\0b", 3); }, Errc::session_name,
         "session 0 \"a"},
        {[](auto &h) { h.luo->sessions[0].files[0].compatible += 'c'; }, Errc::file_compatible,
         "session 0 \"sss"},
        {[](auto &h) { h.luo->flbs->push_back({.name = "one more", .count = 1}); }, Errc::malformed,
         "64 FLBs, at most 63"},
        {[](auto &h) { (*h.luo->flbs)[0].name += 'f'; }, Errc::malformed, "FLB 0 \"fff"},
        {[](auto &h) { (*h.luo->flbs)[0].count = 0; }, Errc::malformed, "FLB 0 \"fff"},
        {[](auto &h) { h.kexec_metadata->previous_release += 'r'; }, Errc::malformed,
         "kexec-metadata of version 1"},
        {[](auto &h) {
             h.scratch = {{PhysAddr{0x1000}, 0}};
         },
         Errc::scratch_array, "no scratch area"},
        {[](auto &h) { h.subtrees = {{.name = "t", .address = PhysAddr{0x800}}}; }, Errc::subtree_address,
         "subtree \"t\""},
        {[](auto &h) {
             h.preserved = {{PhysAddr{0x1000}, 1, 1}};
         },
         Errc::block_address, "not aligned"},
        {[](auto &h) {
             h.preserved = {{PhysAddr{0}, max_block_order + 1, 1}};
         },
         Errc::block_order, "order 21"},
    };
    for (const auto &c : cases) {
        Handover broken = handover;
        c.change(broken);
        expect_refused(broken, linux_("7.2"), c.code, 0, c.what);
    }
}

TEST(WriterLimits, NamesAndTokensThatAreThereTwice) {
    Handover names = with_sessions(3, 0);
    names.luo->sessions[2].name = "1";
    expect_refused(names, linux_("7.2"), Errc::session_name, 2, "session 2 \"1\": the name is there twice");
    Handover tokens = with_sessions(2, 3);
    tokens.luo->sessions[1].files[2].token = 0;
    expect_refused(tokens, linux_("6.19"), Errc::file_token, 1,
                   "session 1 \"1\", file 2: token 0x0 is there twice");
}

// 16 bytes a folio, 511 pages a chunk: a chunk that is full has an empty one behind it, as kernels make it.
// What the standard library's sets do with numbers is known: they take the remainder by a prime out of a
// list. All of these met once, and the test took minutes.
TEST(WriterLimits, IsNoSlowerForTokensThatWereChosenToMeet) {
    Handover content = with_sessions(1, 300000);
    std::uint64_t token = 0;
    for (LuoFile &file : content.luo->sessions[0].files) file.token = token += std::uint64_t{172933} * 351061;
    expect_written(content, linux_("7.2"));
}

TEST(WriterLimits, ArraysOfFoliosAroundAChunk) {
    for (const std::uint64_t folios : {0, 1, 256, 257, 511 * 256 - 1, 511 * 256, 511 * 256 + 1}) {
        SCOPED_TRACE(folios);
        Handover handover = with_sessions(1, 1);
        Memfd memfd{.size = folios * page_size};
        for (std::uint64_t i = 0; i < folios; i++)
            memfd.folios.push_back(
                {.address = PhysAddr{std::uint64_t{1} << 40} + i * page_size, .index = i, .flags = 3});
        if (folios > 0)
            handover.preserved = {{PhysAddr{std::uint64_t{1} << 40}, 0, static_cast<std::uint32_t>(folios)}};
        handover.luo->sessions[0].files[0].body = std::move(memfd);
        expect_written(handover, linux_("7.2"));
        expect_written(handover, linux_("6.19"));
    }
}

TEST(WriterLimits, NoRoomIsAnError) {
    const RangeSet little({{PhysAddr{0x100000}, 8 * page_size}});
    const auto written = write_handover(with_sessions(1, 1), linux_("6.19"), little);
    EXPECT_TRUE(fails(written, Errc::no_room, 0));
}

std::vector<std::string> losses(const Handover &content, const char *from, const char *to) {
    const auto written = write_handover(content, linux_(from), free_memory);
    EXPECT_TRUE(succeeds(written));
    Findings findings;
    const Handover source = read_handover(written.value().pages, written.value().data, findings);
    const auto converted = convert(source, written.value().pages, linux_(to), free_memory);
    EXPECT_TRUE(succeeds(converted));
    const OverlayMemory memory(converted.value().written.pages, written.value().pages);
    const Handover read = read_handover(memory, converted.value().written.data, findings);
    EXPECT_EQ(findings.errors(), 0u);
    EXPECT_TRUE(read.luo->sessions == converted.value().written.handover.luo->sessions);
    std::vector<std::string> texts;
    for (const Loss &loss : converted.value().losses) texts.push_back(loss.path + ": " + loss.what);
    return texts;
}

TEST(Convert, SaysWhatIsLost) {
    using Texts = std::vector<std::string>;
    Handover many = with_sessions(821, 0);
    EXPECT_EQ(losses(many, "7.2", "7.1"),
              (Texts{"/LUO/sessions/819 \"819\": Linux 7.1 holds at most 819 sessions",
                     "/LUO/sessions/820 \"820\": Linux 7.1 holds at most 819 sessions"}));
    EXPECT_EQ(losses(with_sessions(1, 129), "7.3", "6.19"),
              Texts{"/LUO/sessions/0 \"0\"/files/128: Linux 6.19 holds at most 128 files in a session"});
    Handover sealed = with_sessions(1, 1);
    sealed.luo->sessions[0].files[0].body = Memfd{.seals = 0x21};
    EXPECT_EQ(losses(sealed, "7.1", "7.0"), Texts{"/LUO/sessions/0 \"0\"/files/0: seals 0x21: memfd-v1 has "
                                                  "no place for them, the file comes back with 0x1"});
    EXPECT_EQ(losses(sealed, "7.1", "7.2"), Texts{});
    sealed.luo->sessions[0].files[0].body = Memfd{.seals = 0};
    EXPECT_EQ(
        losses(sealed, "7.1", "6.19").at(0),
        "/LUO/sessions/0 \"0\"/files/0: seals 0x0: memfd-v1 has no place for them, the file comes back with "
        "0x1");
    sealed.luo->sessions[0].files[0].body = Memfd{.seals = abi::memfd_seal_seal};
    EXPECT_EQ(losses(sealed, "7.1", "6.19"), Texts{});
    Handover flb = with_sessions(0, 0);
    flb.luo->flbs = {{{.name = "iommu", .data = 1, .count = 1}}};
    EXPECT_EQ(
        losses(flb, "7.0", "6.19"),
        Texts{
            "/LUO/flbs/0 \"iommu\": Linux 6.19 has no place for FLBs; the memory behind it stays preserved"});
    Handover metadata = with_sessions(0, 0);
    metadata.kexec_metadata = {.previous_release = "7.1.2", .kexec_count = 4};
    EXPECT_EQ(losses(metadata, "7.1", "7.0"),
              Texts{"/kexec-metadata: previous release \"7.1.2\" and count 4: Linux 7.0 does not know it"});
}

TEST(Convert, RefusesWhatItCannotKnow) {
    Handover unknown = with_sessions(0, 0);
    unknown.format = nullptr;
    const MetadataPages nothing(free_memory);
    EXPECT_TRUE(fails(convert(unknown, nothing, linux_("7.2"), free_memory), Errc::malformed, 0));
    Handover no_scratch = with_sessions(0, 0);
    no_scratch.format = &kho_v1;
    no_scratch.luo->format = &luo_v1;
    no_scratch.scratch.clear();
    EXPECT_TRUE(fails(convert(no_scratch, nothing, linux_("7.2"), free_memory), Errc::scratch_array, 0));
}

TEST(PageAllocator, GivesAlignedBlocksThatNeverOverlap) {
    std::uint64_t state = 1;
    PageAllocator allocator(RangeSet({{PhysAddr{0x1800}, 0x500000}, {PhysAddr{0x1001000}, 0x3000000}}));
    RangeSet given;
    for (int i = 0; i < 400; i++) {
        state = state * 6364136223846793005 + 1442695040888963407;
        const auto order = static_cast<unsigned>(state >> 60) % 6;
        const auto block = allocator.allocate(order);
        ASSERT_TRUE(block);
        ASSERT_TRUE(is_aligned(value(*block), order_bytes(order)));
        ASSERT_FALSE(given.overlaps({*block, order_bytes(order)}));
        given.add({*block, order_bytes(order)});
    }
    const auto run = allocator.allocate_run(300, 0x10000);
    ASSERT_TRUE(run);
    EXPECT_TRUE(is_aligned(value(run->start), 0x10000));
    EXPECT_FALSE(given.overlaps(*run));
    EXPECT_FALSE(allocator.allocate(14));
    EXPECT_FALSE(allocator.allocate(60));
    EXPECT_FALSE(allocator.allocate_run(0));
}

TEST(PageAllocator, GivesEveryPageOnce) {
    PageAllocator allocator(RangeSet({{PhysAddr{0x3000}, 0x25000}}));
    ASSERT_TRUE(allocator.allocate(4));
    unsigned pages = 16;
    while (allocator.allocate(0)) pages++;
    EXPECT_EQ(pages, 0x25u);
}

TEST(Pattern, IsSplitmix64FromAnyOffset) {
    std::byte whole[64], part[13];
    fill_pattern(1234567, 0, whole);
    std::uint64_t first = 0;
    std::memcpy(&first, whole, sizeof first);
    EXPECT_EQ(first, 6457827717110365317u);  // the reference implementation's first output for this seed
    for (std::uint64_t offset = 0; offset < 50; offset++) {
        fill_pattern(1234567, offset, part);
        ASSERT_EQ(std::memcmp(part, whole + offset, sizeof part), 0) << offset;
    }
}

}  // namespace
}  // namespace kho
