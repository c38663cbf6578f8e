// SPDX-License-Identifier: GPL-2.0-or-later
// The scenario's files, and whether a damaged one is noticed.
#include "guest/payload/content.h"

#include <algorithm>
#include <set>

#include "fdt/abi/luo.h"
#include "tests/unit/guest/machine.h"

namespace guest {
namespace {

const Scenario scenario(10 << 20, 3, 1, false);

TEST(Scenario, NamesAndTokensAreUniqueAndWithinTheFormat) {
    std::set<std::string> names;
    unsigned files = 0;
    for (unsigned i = 0; i < scenario.sessions(); i++) {
        const SessionSpec session = scenario.session(i);
        EXPECT_TRUE(names.insert(session.name).second) << session.name;
        EXPECT_GE(session.name_view().size(), 1u);
        EXPECT_LE(session.name_view().size(), 63u);
        EXPECT_LE(session.files, kho::abi::max_files_per_set);
        std::set<std::uint64_t> tokens;
        for (unsigned k = 0; k < session.files; k++)
            EXPECT_TRUE(tokens.insert(scenario.file(session, k).token).second) << session.name << " " << k;
        files += session.files;
    }
    EXPECT_EQ(files, scenario.files());
    EXPECT_TRUE(names.contains("extra-0002"));
}

TEST(Scenario, EveryFileIsMadeVerifiedAndFreed) {
    Machine m;
    MemoryFiles files;
    files.init(m.pages);
    const Pages::Counts before = m.pages.counts();
    std::set<unsigned> orders;
    for (unsigned i = 0; i < scenario.sessions(); i++) {
        const SessionSpec session = scenario.session(i);
        for (unsigned k = 0; k < session.files; k++) {
            const FileSpec spec = scenario.file(session, k);
            const std::uint64_t seed = content_seed(session.name_view(), spec, 1);
            const Result<MemoryFile *> file = make_file(m.pages, files, spec, seed);
            ASSERT_TRUE(file) << session.name << " " << k;
            EXPECT_FALSE(verify_file(m.pages, **file, spec, seed)) << session.name << " " << k;
            for (const FileFolio &folio : (*file)->content()) orders.insert(folio.order);
            if ((*file)->folio_count > 0) {
                EXPECT_TRUE(verify_file(m.pages, **file, spec, seed + 1)) << "another file's content";
            }
            put_file(**file);
        }
    }
    EXPECT_EQ(orders.size(), 11u) << "every order occurs";
    EXPECT_EQ(m.pages.counts(), before);
}

// Only as much memory above 4 GiB as is asked for, whatever the size of the files.
TEST(Scenario, AFileAboveFourGiBFitsIntoWhatIsAskedFor) {
    for (const std::uint64_t big :
         {std::uint64_t{1}, std::uint64_t{10}, std::uint64_t{22}, std::uint64_t{23}, std::uint64_t{200}}) {
        const std::uint64_t needed = kho::align_up(Scenario::high_memory_needed(big << 20), kho::page_size);
        Machine m((std::uint64_t{4} << 30) + needed);
        MemoryFiles files;
        files.init(m.pages);
        const Scenario with_high(big << 20, 0, 1, true);
        const FileSpec spec = with_high.file(with_high.session(5), 3);
        ASSERT_EQ(spec.layout, Layout::high);
        const Result<MemoryFile *> file = make_file(m.pages, files, spec, 1);
        ASSERT_TRUE(file) << big << " MiB";
        for (const FileFolio &folio : (*file)->content()) EXPECT_GE(kho::value(folio.at), 1ull << 32);
    }
}

TEST(Content, EveryFailedAllocationOfMakingAFileIsUndone) {
    Machine m;
    MemoryFiles files;
    files.init(m.pages);
    const FileSpec spec{
        .token = 1, .size = 2 << 20, .position = 0, .layout = Layout::mixed, .rewritten = true};
    MemoryFile *file = nullptr;
    fail_every_allocation(
        m.pages,
        [&] {
            const Result<MemoryFile *> made = make_file(m.pages, files, spec, 1);
            file = *made;
            return made.error();
        },
        [&] { put_file(*file); });
}

struct Damage : testing::Test {
    Machine m;
    MemoryFiles files;
    FileSpec spec{.token = 9,
                  .size = 30 * kho::page_size + 21,
                  .position = 4,
                  .layout = Layout::small,
                  .rewritten = true};
    MemoryFile *file = nullptr;

    Damage() {
        files.init(m.pages);
        file = *make_file(m.pages, files, spec, 77);
    }
    std::uint8_t &byte(std::uint64_t offset) {
        for (const FileFolio &folio : file->content())
            if (offset >= folio.offset() && offset - folio.offset() < folio.bytes())
                return m.as<std::uint8_t>(folio.at + (offset - folio.offset()));
        ADD_FAILURE() << offset;
        return m.as<std::uint8_t>(0_pa);
    }
};

TEST_F(Damage, AnyWrongByteIsFoundAtItsWord) {
    for (const std::uint64_t offset :
         {std::uint64_t{0}, std::uint64_t{7}, std::uint64_t{4095}, std::uint64_t{4096}, std::uint64_t{50001},
          spec.size - 1, spec.size, spec.size + 3, std::uint64_t{31 * 4096 - 1}}) {
        byte(offset) ^= 0x40;
        const std::optional<Mismatch> mismatch = verify_file(m.pages, *file, spec, 77);
        ASSERT_TRUE(mismatch) << offset;
        EXPECT_EQ(mismatch->what, Mismatch::What::content);
        EXPECT_EQ(mismatch->offset, offset / 8 * 8);
        EXPECT_NE(mismatch->expected, mismatch->found);
        byte(offset) ^= 0x40;
    }
    EXPECT_FALSE(verify_file(m.pages, *file, spec, 77));
}

TEST_F(Damage, PoisonIsRecognised) {
    std::memset(&byte(8192), 0xcc, 4096);
    const std::optional<Mismatch> mismatch = verify_file(m.pages, *file, spec, 77);
    ASSERT_TRUE(mismatch);
    EXPECT_EQ(mismatch->offset, 8192u);
    EXPECT_TRUE(mismatch->poisoned());
}

TEST_F(Damage, SizePositionAndMissingOrSuperfluousPagesAreNoticed) {
    FileSpec other = spec;
    other.size++;
    EXPECT_EQ(verify_file(m.pages, *file, other, 77)->what, Mismatch::What::size);
    other = spec;
    other.position++;
    EXPECT_EQ(verify_file(m.pages, *file, other, 77)->what, Mismatch::What::position);
    other = spec;
    other.layout = Layout::only_hole;
    EXPECT_EQ(verify_file(m.pages, *file, other, 77)->what, Mismatch::What::superfluous);
    file->folio_count--;
    const std::optional<Mismatch> missing = verify_file(m.pages, *file, spec, 77);
    EXPECT_EQ(missing->what, Mismatch::What::missing);
    EXPECT_EQ(missing->offset, file->folios[file->folio_count].offset());
}

TEST_F(Damage, ContentBytesLeaveHolesOut) {
    EXPECT_EQ(content_bytes(*file), spec.size);
    const FileSpec holes{.token = 1,
                         .size = 50 * kho::page_size + 100,
                         .position = 0,
                         .layout = Layout::holes,
                         .rewritten = true};
    const Result<MemoryFile *> made = make_file(m.pages, files, holes, 1);
    // Blocks 1 and 4 of eight pages are there.
    EXPECT_EQ(content_bytes(**made), 2 * hole_block_pages * kho::page_size);
}

}  // namespace
}  // namespace guest
