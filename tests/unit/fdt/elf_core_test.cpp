// SPDX-License-Identifier: GPL-2.0-or-later
// Recordings, written and read back, and broken in every field.
#include "fdt/file/elf_core.h"

#include <elf.h>

#include <functional>
#include <random>

#include "tests/temporary_folder.h"
#include "tests/unit/fdt/expect.h"
#include "tests/unit/fdt/recording.h"

namespace kho {
namespace {

Range range(std::uint64_t start, std::uint64_t size) { return {PhysAddr{start}, size}; }

CoreHeader sample_header() {
    return {.data = {.fdt_addr = 0x1000, .fdt_size = 0x1000, .scratch_addr = 0x2000, .scratch_size = 16},
            .memory_map = {{0, 0x9fc00, 1, 0}, {0x100000, 0x7f00000, 1, 0}, {0xfeffc000, 0x4000, 2, 0}},
            .release = "6.19"};
}

void expect_same_header(const CoreHeader &a, const CoreHeader &b) {
    EXPECT_EQ(std::memcmp(&a.data, &b.data, sizeof a.data), 0);
    EXPECT_TRUE(
        std::ranges::equal(std::as_bytes(std::span(a.memory_map)), std::as_bytes(std::span(b.memory_map))));
    EXPECT_EQ(a.release, b.release);
}

class ElfCoreFile : public testing::Test {
protected:
    // Writes a recording of numbered memory.
    Result<std::uint64_t> write(const RangeSet &memory, const CoreHeader &header = sample_header()) {
        return write_core(path, header, memory, source_of(NumberedMemory()));
    }

    TemporaryFolder folder;
    std::string path = folder.file("recording");
};

void expect_numbered(const ElfCore &core, const Range &part) {
    std::vector<std::byte> bytes(part.size);
    ASSERT_TRUE(succeeds(core.read(part.start, bytes)));
    for (std::uint64_t i = 0; i < part.size; i++)
        ASSERT_EQ(bytes[i], NumberedMemory::byte_at(part.start + i)) << hex(value(part.start) + i);
}

TEST_F(ElfCoreFile, IsReadBackAsItWasWritten) {
    const RangeSet memory({range(0x1000, 0x3000), range(0x100000, 0x5000), range(0x100000000, 0x1000)});
    const auto size = write(memory);
    ASSERT_TRUE(succeeds(size));
    EXPECT_EQ(size.value(), std::filesystem::file_size(path));
    EXPECT_EQ(folder.names(), std::set<std::string>{"recording"});
    const auto core = ElfCore::open(path);
    ASSERT_TRUE(succeeds(core));
    expect_same_header(core.value().header(), sample_header());
    EXPECT_EQ(core.value().memory(), memory);
    for (const Range &run : memory.ranges()) expect_numbered(core.value(), run);
    expect_numbered(core.value(), range(0x1fff, 3));
}

TEST_F(ElfCoreFile, ReadsNothingThatWasNotRecorded) {
    ASSERT_TRUE(succeeds(write(RangeSet({range(0x1000, 0x2000), range(0x5000, 0x1000)}))));
    const auto core = ElfCore::open(path);
    ASSERT_TRUE(succeeds(core));
    const struct {
        Range wanted;
        std::uint64_t missing;
    } cases[] = {
        {range(0, 1), 0},           {range(0xfff, 2), 0xfff},
        {range(0x2fff, 2), 0x3000}, {range(0x1000, 0x5000), 0x3000},
        {range(0x6000, 1), 0x6000}, {range(~std::uint64_t{0}, 1), ~std::uint64_t{0}},
    };
    for (const auto &c : cases) {
        std::vector<std::byte> bytes(c.wanted.size);
        EXPECT_TRUE(fails(core.value().read(c.wanted.start, bytes), Errc::outside_memory, c.missing));
    }
    EXPECT_TRUE(succeeds(core.value().read(PhysAddr{0}, {})));
}

TEST_F(ElfCoreFile, MayBeEmpty) {
    ASSERT_TRUE(succeeds(write(RangeSet(), CoreHeader{})));
    const auto core = ElfCore::open(path);
    ASSERT_TRUE(succeeds(core));
    EXPECT_TRUE(core.value().memory().empty());
    expect_same_header(core.value().header(), CoreHeader{});
}

TEST_F(ElfCoreFile, TakesRunsThatAreNotWholePages) {
    const RangeSet memory({range(0x1234, 0x10), range(0x1300, 0x2345)});
    ASSERT_TRUE(succeeds(write(memory)));
    const auto core = ElfCore::open(path);
    ASSERT_TRUE(succeeds(core));
    EXPECT_EQ(core.value().memory(), memory);
    for (const Range &run : memory.ranges()) expect_numbered(core.value(), run);
}

TEST_F(ElfCoreFile, PutsSegmentsAtPageAlignedOffsets) {
    ASSERT_TRUE(succeeds(write(RangeSet({range(0x1000, 0x1000), range(0x7000, 0x1000)}))));
    const std::string bytes = TemporaryFolder::contents(path);
    Elf64_Phdr segments[3];
    ASSERT_GE(bytes.size(), sizeof(Elf64_Ehdr) + sizeof segments);
    std::memcpy(segments, bytes.data() + sizeof(Elf64_Ehdr), sizeof segments);
    EXPECT_EQ(segments[0].p_type, static_cast<Elf64_Word>(PT_NOTE));
    for (const Elf64_Phdr &segment : std::span(segments).subspan(1)) {
        EXPECT_EQ(segment.p_type, static_cast<Elf64_Word>(PT_LOAD));
        EXPECT_EQ(segment.p_offset % page_size, 0u);
        EXPECT_EQ(segment.p_align, page_size);
        EXPECT_EQ(segment.p_vaddr, segment.p_paddr);
    }
    EXPECT_EQ(segments[2].p_paddr, 0x7000u);
    EXPECT_EQ(segments[2].p_offset, segments[1].p_offset + page_size);
}

TEST_F(ElfCoreFile, CountsMoreSegmentsThanTheElfHeaderCan) {
    // With the notes 0xfffe, 0xffff and 0x10000 program headers: around where the count moves out of e_phnum.
    for (const std::uint64_t runs : {0xfffdu, 0xfffeu, 0xffffu}) {
        std::vector<Range> ranges;
        for (std::uint64_t i = 0; i < runs; i++) ranges.push_back(range(i * 32, 16));
        const RangeSet memory(ranges);
        ASSERT_TRUE(succeeds(write(memory)));
        Elf64_Ehdr header;
        const std::string bytes = TemporaryFolder::contents(path);
        std::memcpy(&header, bytes.data(), sizeof header);
        EXPECT_EQ(header.e_phnum, std::min<std::uint64_t>(runs + 1, PN_XNUM));
        EXPECT_EQ(header.e_shnum, runs + 1 < PN_XNUM ? 0 : 1);
        const auto core = ElfCore::open(path);
        ASSERT_TRUE(succeeds(core)) << runs;
        EXPECT_TRUE(core.value().memory() == memory);
        expect_numbered(core.value(), ranges.back());
    }
}

TEST_F(ElfCoreFile, AnyMemoryIsReadBackAsItWasWritten) {
    for (std::uint64_t seed = 1; seed <= 50; seed++) {
        std::mt19937_64 random(seed);
        std::vector<Range> ranges(random() % 20);
        for (Range &r : ranges) r = range(random() % 1000 * page_size, random() % 20 * page_size);
        const RangeSet memory(ranges);
        CoreHeader header = sample_header();
        header.release = std::string(random() % 10, 'r');
        header.memory_map.resize(random() % 5);
        ASSERT_TRUE(succeeds(write(memory, header)));
        auto core = ElfCore::open(path);
        ASSERT_TRUE(succeeds(core)) << "seed " << seed;
        expect_same_header(core.value().header(), header);
        ASSERT_EQ(core.value().memory(), memory) << "seed " << seed;
        for (const Range &run : memory.ranges()) expect_numbered(core.value(), run);
    }
}

TEST_F(ElfCoreFile, CanBeMoved) {
    ASSERT_TRUE(succeeds(write(RangeSet({range(0x1000, 0x1000)}))));
    auto first = ElfCore::open(path);
    ASSERT_TRUE(succeeds(write(RangeSet({range(0x8000, 0x1000)}))));
    auto second = ElfCore::open(path);
    ASSERT_TRUE(succeeds(first));
    ASSERT_TRUE(succeeds(second));
    ElfCore core = std::move(first).value();
    expect_numbered(core, range(0x1000, 0x1000));
    core = std::move(second).value();
    expect_numbered(core, range(0x8000, 0x1000));
}

constexpr std::uint64_t segment_at(std::uint64_t i) { return sizeof(Elf64_Ehdr) + i * sizeof(Elf64_Phdr); }
constexpr std::uint64_t notes_at = segment_at(3);
constexpr std::uint64_t second_note_at = notes_at + 0x30;

//  0x000  ELF header
//  0x040  3 program headers: notes, 0x1000 + 0x1000, 0x8000 + 0x1000
//  0x0e8  notes: kho_data (0x30 bytes in all), memory map, release
class ElfCoreReader : public ElfCoreFile {
protected:
    ElfCoreReader() {
        EXPECT_TRUE(succeeds(write(RangeSet({range(0x1000, 0x1000), range(0x8000, 0x1000)}))));
        original = TemporaryFolder::contents(path);
    }

    template <typename T>
    static void set(std::string &bytes, std::uint64_t at, T number) {
        std::memcpy(bytes.data() + at, &number, sizeof number);
    }

    std::string original;
};

TEST_F(ElfCoreReader, RejectsAFileThatLies) {
    using Bytes = std::string &;
    constexpr std::uint64_t huge = ~std::uint64_t{0};
    const auto first = [](std::size_t member) { return segment_at(1) + member; };
    const auto second = [](std::size_t member) { return segment_at(2) + member; };
    const struct {
        const char *name;
        std::function<void(Bytes)> change;
        std::uint64_t address;
    } cases[] = {
        {"empty", [](Bytes b) { b.clear(); }, 0},
        {"shorter than the header", [](Bytes b) { b.resize(63); }, 0},
        {"no magic", [](Bytes b) { b[0] = 'X'; }, 0},
        {"32-bit", [](Bytes b) { b[EI_CLASS] = ELFCLASS32; }, 0},
        {"big-endian", [](Bytes b) { b[EI_DATA] = ELFDATA2MSB; }, 0},
        {"an executable", [](Bytes b) { set(b, offsetof(Elf64_Ehdr, e_type), std::uint16_t{ET_EXEC}); }, 0},
        {"another CPU", [](Bytes b) { set(b, offsetof(Elf64_Ehdr, e_machine), std::uint16_t{EM_S390}); }, 0},
        {"odd program headers", [](Bytes b) { set(b, offsetof(Elf64_Ehdr, e_phentsize), std::uint16_t{55}); },
         offsetof(Elf64_Ehdr, e_phentsize)},
        {"program headers nowhere", [](Bytes b) { set(b, offsetof(Elf64_Ehdr, e_phoff), huge); },
         offsetof(Elf64_Ehdr, e_phnum)},
        {"too many program headers",
         [](Bytes b) { set(b, offsetof(Elf64_Ehdr, e_phnum), std::uint16_t{0xfffe}); },
         offsetof(Elf64_Ehdr, e_phnum)},
        {"extended numbering without a section",
         [](Bytes b) { set(b, offsetof(Elf64_Ehdr, e_phnum), std::uint16_t{PN_XNUM}); },
         offsetof(Elf64_Ehdr, e_shoff)},
        {"extended numbering by a section that is nowhere",
         [](Bytes b) {
             set(b, offsetof(Elf64_Ehdr, e_phnum), std::uint16_t{PN_XNUM});
             set(b, offsetof(Elf64_Ehdr, e_shoff), huge);
         },
         offsetof(Elf64_Ehdr, e_shoff)},
        {"2^32 - 1 program headers",
         [](Bytes b) {
             set(b, offsetof(Elf64_Ehdr, e_phnum), std::uint16_t{PN_XNUM});
             set(b, offsetof(Elf64_Ehdr, e_shoff), std::uint64_t{0x1000});
             set(b, 0x1000 + offsetof(Elf64_Shdr, sh_info), ~std::uint32_t{0});
         },
         offsetof(Elf64_Ehdr, e_phnum)},
        {"cut by a byte", [](Bytes b) { b.pop_back(); }, segment_at(2)},
        {"segment nowhere", [=](Bytes b) { set(b, first(offsetof(Elf64_Phdr, p_offset)), huge); },
         segment_at(1)},
        {"more in the file than in memory",
         [=](Bytes b) { set(b, first(offsetof(Elf64_Phdr, p_memsz)), std::uint64_t{0xfff}); }, segment_at(1)},
        {"segment that wraps", [=](Bytes b) { set(b, second(offsetof(Elf64_Phdr, p_paddr)), huge - 0xffe); },
         segment_at(2)},
        {"segments overlap",
         [=](Bytes b) { set(b, second(offsetof(Elf64_Phdr, p_paddr)), std::uint64_t{0x1fff}); }, 0x2000},
        {"notes nowhere", [](Bytes b) { set(b, segment_at(0) + offsetof(Elf64_Phdr, p_offset), huge); },
         segment_at(0)},
        {"no notes",
         [](Bytes b) { set(b, segment_at(0) + offsetof(Elf64_Phdr, p_filesz), std::uint64_t{0}); }, 0},
        {"another owner", [](Bytes b) { b[notes_at + 12] = 'X'; }, 0},
        {"an owner that starts like ours", [](Bytes b) { b[notes_at + 15] = 'X'; }, 0},
        {"a note's header cut",
         [](Bytes b) { set(b, segment_at(0) + offsetof(Elf64_Phdr, p_filesz), std::uint64_t{0x30 + 11}); },
         second_note_at},
        {"owner of 2^32 - 1 bytes", [](Bytes b) { set(b, notes_at, ~std::uint32_t{0}); }, notes_at},
        {"content of 2^32 - 1 bytes", [](Bytes b) { set(b, notes_at + 4, ~std::uint32_t{0}); }, notes_at},
        {"short kho_data", [](Bytes b) { set(b, notes_at + 4, std::uint32_t{31}); }, notes_at},
        {"kho_data twice", [](Bytes b) { set(b, second_note_at + 8, core_note_kho_data); }, second_note_at},
        {"half a memory range", [](Bytes b) { set(b, second_note_at + 4, std::uint32_t{71}); },
         second_note_at},
    };
    for (const auto &c : cases) {
        std::string bytes = original;
        c.change(bytes);
        TemporaryFolder::write(path, bytes);
        EXPECT_TRUE(fails(ElfCore::open(path), Errc::core_format, c.address)) << c.name;
    }
}

TEST_F(ElfCoreReader, MemoryThatIsNotInTheFileReadsAsZeroes) {
    set(original, segment_at(1) + offsetof(Elf64_Phdr, p_filesz), std::uint64_t{0x800});
    set(original, segment_at(1) + offsetof(Elf64_Phdr, p_memsz), std::uint64_t{0x7000});
    TemporaryFolder::write(path, original);
    const auto core = ElfCore::open(path);
    ASSERT_TRUE(succeeds(core));
    // One run from 0x1000 to 0x9000: bytes, zeroes, and the second segment's bytes.
    EXPECT_EQ(core.value().memory(), RangeSet({range(0x1000, 0x8000)}));
    expect_numbered(core.value(), range(0x1000, 0x800));
    expect_numbered(core.value(), range(0x8000, 0x1000));
    std::vector<std::byte> bytes(0x7000, std::byte{1});
    ASSERT_TRUE(succeeds(core.value().read(PhysAddr{0x1800}, bytes)));
    EXPECT_TRUE(
        std::ranges::all_of(std::span(bytes).first(0x6800), [](std::byte b) { return b == std::byte{0}; }));
    EXPECT_EQ(bytes[0x6800], NumberedMemory::byte_at(PhysAddr{0x8000}));
}

TEST_F(ElfCoreReader, SkipsNotesOfTypesItDoesNotKnow) {
    set(original, second_note_at + 8, std::uint32_t{77});
    TemporaryFolder::write(path, original);
    const auto core = ElfCore::open(path);
    ASSERT_TRUE(succeeds(core));
    EXPECT_TRUE(core.value().header().memory_map.empty());
    EXPECT_EQ(core.value().header().release, "6.19");
}

TEST_F(ElfCoreReader, SaysWhyAFileCannotBeOpened) {
    EXPECT_TRUE(fails(ElfCore::open(folder.file("none")), Errc::io, 0));
    EXPECT_EQ(ElfCore::open(folder.file("none")).error().message(),
              "io: " + folder.file("none") + ": No such file or directory");
    EXPECT_TRUE(fails(ElfCore::open(folder.path()), Errc::io, 0));
    EXPECT_TRUE(fails(ElfCore::open("/dev/null"), Errc::io, 0));
}

}  // namespace
}  // namespace kho
