// SPDX-License-Identifier: GPL-2.0-or-later
// A small recording with each of its bytes changed in turn, and cut at each length. Whatever is accepted
// then must still keep the reader's promises; under a sanitizer this also finds each stray access.
#include <set>

#include "fdt/formats/releases.h"
#include "tests/temporary_folder.h"
#include "tests/unit/fdt/handover_image.h"
#include "tests/unit/fdt/recording.h"

namespace kho {
namespace {

using namespace handover_image;

void expect_promises_kept(const Handover &handover) {
    RangeSet preserved;
    for (std::size_t i = 0; i < handover.preserved.size(); i++) {
        const PreservedBlocks &run = handover.preserved[i];
        ASSERT_LE(run.order, max_block_order);
        ASSERT_GT(run.count, 0u);
        ASSERT_TRUE(is_aligned(value(run.address), order_bytes(run.order)));
        ASSERT_TRUE(Range::checked(value(run.address), run.bytes()));
        ASSERT_FALSE(preserved.overlaps(run.range()));
        preserved.add(run.range());
        if (i > 0) {
            const PreservedBlocks &before = handover.preserved[i - 1];
            ASSERT_TRUE(before.order < run.order ||
                        (before.order == run.order && before.range().end() < run.address));
        }
    }
    for (const Range &area : handover.scratch) ASSERT_FALSE(preserved.overlaps(area));
    for (const Subtree &subtree : handover.subtrees)
        ASSERT_TRUE(value(subtree.address) != 0 && is_page_aligned(subtree.address));
    if (!handover.luo)
        return;
    ASSERT_TRUE(preserved.contains({handover.luo->root, page_size}));
    ASSERT_LE(handover.luo->sessions.size(), abi::max_sessions);
    std::set<std::string> names;
    for (const LuoSession &session : handover.luo->sessions) {
        ASSERT_TRUE(!session.name.empty() && session.name.size() < 64);
        ASSERT_TRUE(names.insert(session.name).second);
        ASSERT_LE(session.files.size(), abi::max_files_per_set);
        std::set<std::uint64_t> tokens;
        for (const LuoFile &file : session.files) {
            ASSERT_TRUE(!file.compatible.empty() && file.compatible.size() < 48);
            ASSERT_TRUE(tokens.insert(file.token).second);
        }
    }
}

class Mutation : public testing::Test {
protected:
    Mutation() : handover(sample_handover()), data(put_handover(memory, handover)) {
        metadata = RangeSet({{scratch_array_at, page_size},
                             {fdt_at, 3 * page_size},
                             {files_at(0), page_size},
                             {map_at, map_pages(kho_v1, handover.preserved) * page_size}});
    }

    TestMemory memory;
    Handover handover;
    abi::kho_data data;
    RangeSet metadata;
};

TEST_F(Mutation, NoByteOfTheMetadataMakesTheReaderStray) {
    int accepted = 0;
    for (const Range &range : metadata.ranges())
        for (PhysAddr at = range.start; at < range.end(); at = at + 1) {
            std::byte &byte = memory.at(at);
            const std::byte original = byte;
            // Most bytes are zeroes at the end of a page, and one change of each of them will do.
            for (const unsigned flip : {0x01u, 0x80u, 0xffu}) {
                if (original == std::byte{0} && flip != 0x01)
                    continue;
                byte = original ^ static_cast<std::byte>(flip);
                if (const auto read = read_handover(memory, data)) {
                    accepted++;
                    ASSERT_NO_FATAL_FAILURE(expect_promises_kept(read.value())) << hex(value(at));
                }
            }
            byte = original;
        }
    EXPECT_GT(accepted, 0);
    const auto read = read_handover(memory, data);
    ASSERT_TRUE(succeeds(read));
    EXPECT_TRUE(without_uses(read.value()) == handover);
}

TEST_F(Mutation, NoByteAndNoCutOfARecordingMakesTheReaderStray) {
    const TemporaryFolder folder;
    const std::string path = folder.file("recording");
    const CoreHeader header{.data = data, .memory_map = {{0x100000, 0x100000, 1, 0}}, .release = "6.19"};
    ASSERT_TRUE(succeeds(write_core(path, header, metadata, source_of(memory))));
    const std::string original = TemporaryFolder::contents(path);
    {
        // Of the session area only the first page is in use and recorded.
        const auto core = ElfCore::open(path);
        ASSERT_TRUE(succeeds(core));
        ASSERT_TRUE(succeeds(read_handover(core.value(), core.value().header().data)));
    }

    const auto try_file = [&path](std::string_view bytes) {
        TemporaryFolder::write(path, bytes);
        const auto core = ElfCore::open(path);
        if (!core)
            return;
        for (const Range &run : core.value().memory().ranges()) {
            std::vector<std::byte> some(std::min<std::uint64_t>(run.size, 2 * page_size));
            ASSERT_TRUE(succeeds(core.value().read(run.start, some)));
            ASSERT_TRUE(succeeds(core.value().read(run.end() - some.size(), some)));
        }
        if (const auto read = read_handover(core.value(), core.value().header().data))
            expect_promises_kept(read.value());
    };
    constexpr std::size_t headers_end = 0x400;
    for (std::size_t i = 0; i < headers_end; i++)
        for (const int flip : {0x01, 0x80, 0xff}) {
            std::string bytes = original;
            bytes[i] = static_cast<char>(bytes[i] ^ flip);
            ASSERT_NO_FATAL_FAILURE(try_file(bytes)) << i;
        }
    for (std::size_t size = 0; size < original.size(); size += size < headers_end ? 1 : 61)
        ASSERT_NO_FATAL_FAILURE(try_file(std::string_view(original).substr(0, size))) << size;
}

}  // namespace
}  // namespace kho
