// SPDX-License-Identifier: GPL-2.0-or-later
// Handovers of every generation, made by chance: what is read is what was written, and converting there and
// back changes no byte.
#include <algorithm>

#include "fdt/formats/releases.h"
#include "fdt/handlers/memfd.h"
#include "fdt/make/build.h"
#include "fdt/make/convert.h"
#include "fdt/read/reader.h"
#include "tests/unit/fdt/expect.h"
#include "tests/unit/fdt/random_description.h"

namespace kho {
namespace {

// Reads, and expects no finding but about handlers that no release has.
Handover read_clean(const Memory &memory, const abi::kho_data &data, const RangeSet *ram = nullptr) {
    Findings findings;
    Handover handover = read_handover(memory, data, findings, {.ram = ram});
    for (const Finding &finding : findings.list())
        if (finding.check != Check::file_handler)
            ADD_FAILURE() << finding.message();
    return handover;
}

// As EXPECT_EQ, but says which part differs.
void expect_same(Handover a, Handover b) {
    a.uses.clear();
    b.uses.clear();
    if (a == b)
        return;
    EXPECT_EQ(a.fdt, b.fdt);
    EXPECT_EQ(a.memory_map, b.memory_map);
    EXPECT_EQ(a.scratch_array, b.scratch_array);
    EXPECT_EQ(a.scratch, b.scratch);
    EXPECT_EQ(a.preserved, b.preserved);
    ASSERT_EQ(a.subtrees.size(), b.subtrees.size());
    for (std::size_t i = 0; i < a.subtrees.size(); i++) {
        EXPECT_EQ(a.subtrees[i].name, b.subtrees[i].name);
        EXPECT_EQ(a.subtrees[i].address, b.subtrees[i].address);
        EXPECT_EQ(a.subtrees[i].size, b.subtrees[i].size) << a.subtrees[i].name;
    }
    EXPECT_TRUE(a.luo == b.luo);
    EXPECT_TRUE(a.memblock == b.memblock);
    EXPECT_TRUE(a.kexec_metadata == b.kexec_metadata);
    ADD_FAILURE() << "the handovers differ";
}

RangeSet usable(const Description &description, const Handover &handover) {
    return usable_memory(description.memory_map, handover.scratch);
}

std::vector<std::byte> bytes_of(const Memory &memory, const Range &range) {
    std::vector<std::byte> bytes(range.size);
    EXPECT_TRUE(succeeds(memory.read(range.start, bytes)));
    return bytes;
}

void expect_content(const Memory &memory, const Memfd &memfd, const FileDescription &file) {
    for (const MemfdFolio &folio : memfd.folios) {
        std::vector<std::byte> expected(folio.bytes());
        ASSERT_TRUE(succeeds(file.content.read(folio.index * page_size, expected)));
        ASSERT_EQ(bytes_of(memory, {folio.address, folio.bytes()}), expected);
    }
    for (const FileRange &hole : holes(memfd)) {
        std::vector<std::byte> expected(std::min(hole.size, 16 * page_size));
        ASSERT_TRUE(succeeds(file.content.read(hole.offset, expected)));
        ASSERT_TRUE(std::ranges::all_of(expected, [](std::byte b) { return b == std::byte{0}; }));
    }
}

std::uint64_t index_of(const Release &generation) {
    return static_cast<std::uint64_t>(find_release(generation.name) - releases().data());
}

class EachGeneration : public testing::TestWithParam<Release> {};

TEST_P(EachGeneration, IsReadBackAsItWasWritten) {
    for (std::uint64_t seed = 1; seed <= 20; seed++) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        const Description description = random_description(random, GetParam(), GetParam());
        const auto built = build(description);
        ASSERT_TRUE(succeeds(built));
        const RangeSet ram = usable_memory(description.memory_map, {});
        const Handover read = read_clean(built.value().memory, built.value().header.data, &ram);
        expect_same(read, built.value().handover);
        if (HasFailure())
            return;
        ASSERT_EQ(read.format, GetParam().kho);
        ASSERT_EQ(read.luo.has_value(), description.luo.has_value());
        if (!read.luo)
            continue;
        ASSERT_EQ(read.luo->format, GetParam().luo);
        ASSERT_EQ(read.luo->flbs.has_value(), GetParam().flbs);
        ASSERT_EQ(read.luo->sessions.size(), description.luo->sessions.size());
        for (std::size_t i = 0; i < read.luo->sessions.size(); i++) {
            const LuoSession &session = read.luo->sessions[i];
            const SessionDescription &described = description.luo->sessions[i];
            ASSERT_EQ(session.name, described.name);
            ASSERT_EQ(session.files.size(), described.files.size());
            for (std::size_t j = 0; j < session.files.size(); j++) {
                ASSERT_EQ(session.files[j].token, described.files[j].token);
                ASSERT_EQ(bool(memfd_of(session.files[j])), described.files[j].handler.empty());
                if (memfd_of(session.files[j]))
                    expect_content(built.value().memory, *memfd_of(session.files[j]), described.files[j]);
            }
        }
    }
}

TEST_P(EachGeneration, TheSameDescriptionGivesTheSameBytes) {
    std::mt19937_64 random(7);
    const Description description = random_description(random, GetParam(), GetParam());
    const auto first = build(description), second = build(description);
    ASSERT_TRUE(succeeds(first));
    ASSERT_TRUE(succeeds(second));
    ASSERT_EQ(first.value().memory.ranges(), second.value().memory.ranges());
    for (const Range &range : first.value().memory.ranges().ranges())
        ASSERT_EQ(bytes_of(first.value().memory, range), bytes_of(second.value().memory, range));
}

TEST_P(EachGeneration, ConvertedToAnyOtherAndBackEveryByteIsAsBefore) {
    for (const Release &other : releases())
        for (std::uint64_t seed = 1; seed <= 4; seed++) {
            SCOPED_TRACE("to " + other.name + ", seed " + std::to_string(seed));
            // Other handovers for each pair.
            std::mt19937_64 random(seed + 1000 * (10 * index_of(GetParam()) + index_of(other)));
            const Description description = random_description(random, GetParam(), other);
            const auto built = build(description);
            ASSERT_TRUE(succeeds(built));
            const BuiltMemory &memory = built.value().memory;
            const Handover source = read_clean(memory, built.value().header.data);

            const auto there = convert(source, memory, other, usable(description, source));
            ASSERT_TRUE(succeeds(there));
            ASSERT_TRUE(there.value().losses.empty()) << there.value().losses[0].what;
            const OverlayMemory other_memory(there.value().written.pages, memory);
            const Handover converted = read_clean(other_memory, there.value().written.data);
            expect_same(converted, there.value().written.handover);
            if (HasFailure())
                return;
            ASSERT_EQ(converted.format, other.kho);

            const auto back = convert(converted, other_memory, GetParam(), usable(description, converted));
            ASSERT_TRUE(succeeds(back));
            ASSERT_TRUE(back.value().losses.empty()) << back.value().losses[0].what;
            expect_same(back.value().written.handover, built.value().handover);
            if (HasFailure())
                return;
            const OverlayMemory back_memory(back.value().written.pages, other_memory);
            for (const Range &range : memory.ranges().ranges())
                ASSERT_EQ(bytes_of(back_memory, range), bytes_of(memory, range));
        }
}

INSTANTIATE_TEST_SUITE_P(Writer, EachGeneration, testing::ValuesIn(releases().begin(), releases().end()),
                         [](const auto &tested) {
                             std::string name = "Linux" + tested.param.name;
                             std::ranges::replace(name, '.', '_');
                             return name;
                         });

}  // namespace
}  // namespace kho
