// SPDX-License-Identifier: GPL-2.0-or-later
// Core files by others: QEMU's dump-guest-memory, with and without paging, /proc/vmcore. What recordings are
// refused for is in elf_core_test.
#include <functional>

#include "fdt/file/image.h"
#include "tests/unit/fdt/elf_file.h"
#include "tests/unit/fdt/expect.h"

namespace kho {
namespace {

Result<Image> open(std::vector<std::byte> bytes) {
    return Image::open(MappedFile::from_bytes(std::move(bytes)));
}
Range range(std::uint64_t start, std::uint64_t size) { return {PhysAddr{start}, size}; }

// One character for each page from `from` on: '.' zeroes, '-' not there.
std::string picture(const Memory &memory, std::uint64_t from, std::uint64_t count) {
    std::string text;
    for (std::uint64_t i = 0; i < count; i++) {
        const auto first = memory.load<char>(PhysAddr{from + i * page_size});
        const auto last = memory.load<char>(PhysAddr{from + (i + 1) * page_size - 1});
        text += !first || !last                 ? '-'
                : first.value() != last.value() ? '?'
                : first.value() == 0            ? '.'
                                                : first.value();
    }
    return text;
}

ElfFile qemu_dump() {
    ElfFile file;
    file.note("CORE", NT_PRSTATUS, std::string(336, 'r')).note("CORE", NT_PRSTATUS, std::string(336, 'r'));
    file.note("QEMU", 0, std::string(440, 'q')).note("QEMU", 0, std::string(440, 'q'));
    file.note("VMCOREINFO", 0, "CRASHTIME=1\nOSRELEASE=7.3.4\nX=OSRELEASE=no\n");
    return file.page('a').page('b').page('c').page('d');
}

TEST(ElfDump, SaysWhatItIs) {
    const auto image = open(qemu_dump().load(0, 0x2000, 0).load(0x100000, 0x2000, 0x2000).bytes());
    ASSERT_TRUE(succeeds(image));
    EXPECT_EQ(image.value().kind(), ImageKind::elf_dump);
    EXPECT_EQ(image.value().info().format, "QEMU dump-guest-memory, ELF64 core for x86_64");
    EXPECT_EQ(image.value().info().cpus, 2u);
    EXPECT_EQ(image.value().info().kernel_release, "7.3.4");
    EXPECT_FALSE(image.value().info().recording);
    EXPECT_EQ(image.value().memory().ranges(), RangeSet({range(0, 0x2000), range(0x100000, 0x2000)}));
    EXPECT_EQ(picture(image.value().memory(), 0, 3), "ab-");
    EXPECT_EQ(picture(image.value().memory(), 0xff000, 4), "-cd-");
}

TEST(ElfDump, ReleasesThatAreNoneAreNotShown) {
    const struct {
        const char *text;
        const char *release;
    } cases[] = {
        {"OSRELEASE=6.19", "6.19"},
        {"XOSRELEASE=6.19\n", ""},
        {"XOSRELEASE=1\nOSRELEASE=2\n", "2"},
        {"OSRELEASE=\n", ""},
        {"OSRELEASE=a b\n", ""},
        {"OSRELEASE=\x1b[31m\n", ""},
        {"OSRELEASE=12345678901234567890123456789012345678901234567890123456789012345\n", ""},
        {"OSRELEASE", ""},
        {"", ""},
    };
    for (const auto &c : cases) {
        const auto image = open(ElfFile().note("VMCOREINFO", 0, c.text).bytes());
        ASSERT_TRUE(succeeds(image)) << c.text;
        EXPECT_EQ(image.value().info().kernel_release, c.release) << c.text;
    }
}

TEST(ElfDump, OneAddressMayBeInSeveralSegments) {
    const struct {
        const char *name;
        std::function<void(ElfFile &)> loads;
        const char *memory;
        std::size_t warnings;
    } cases[] = {
        // The pages are a b c d, each where it belongs unless the case says so.
        {"mapped twice", [](ElfFile &f) { f.load(0, 0x4000, 0).load(0x1000, 0x1000, 0x1000); }, "abcd-", 0},
        {"mapped in pieces that overlap",
         [](ElfFile &f) { f.load(0, 0x3000, 0).load(0x1000, 0x3000, 0x1000); }, "abcd-", 0},
        {"mapped in any order",
         [](ElfFile &f) {
             f.load(0x2000, 0x2000, 0x2000)
                 .load(0, 0x1000, 0)
                 .load(0, 0x3000, 0)
                 .load(0x1000, 0x1000, 0x1000);
         },
         "abcd-", 0},
        {"only said to be zeroes, and then there",
         [](ElfFile &f) { f.load(0, 0x5000, 0, 0).load(0x1000, 0x1000, 0x1000); }, ".b...", 0},
        {"there, and then said to be zeroes", [](ElfFile &f) { f.load(0, 0x1000, 0).load(0, 0x2000, 0, 0); },
         "a.---", 0},
        {"zeroes behind what is in the file",
         [](ElfFile &f) { f.load(0, 0x3000, 0, 0x1000).load(0x2000, 0x1000, 0x2000); }, "a.c--", 0},
        {"two copies",
         [](ElfFile &f) { f.load(0, 0x2000, 0).load(0, 0x1000, 0x3000).load(0x1000, 0x2000, 0x2000); },
         "abd--", 2},
        {"a copy that reaches further down",
         [](ElfFile &f) { f.load(0, 0x3000, 0).load(0x1000, 0x3000, 0x1000).load(0x2000, 0x1000, 0x2000); },
         "abcd-", 0},
    };
    for (const auto &c : cases) {
        ElfFile file = qemu_dump();
        c.loads(file);
        const auto image = open(file.bytes());
        ASSERT_TRUE(succeeds(image)) << c.name;
        EXPECT_EQ(picture(image.value().memory(), 0, 5), c.memory) << c.name;
        EXPECT_EQ(image.value().info().warnings.size(), c.warnings > 0 ? 1u : 0u) << c.name;
        if (c.warnings > 0) {
            EXPECT_EQ(image.value().info().warnings[0],
                      std::to_string(c.warnings) +
                          " segments hold memory that is in another one too; the first copy is read");
        }
    }
}

TEST(ElfDump, AFileThatWasCutOffIsReadAsFarAsItGoes) {
    auto bytes = qemu_dump()
                     .load(0, 0x2000, 0)
                     .load(0x5000, 0x3000, 0x2000, 0x2000)
                     .load(0x9000, 0x1000, 0x3000)
                     .bytes();
    bytes.resize(ElfFile::data_at + 0x2800);
    const auto image = open(bytes);
    ASSERT_TRUE(succeeds(image));
    EXPECT_EQ(image.value().memory().ranges(), RangeSet({range(0, 0x2000), range(0x5000, 0x800)}));
    EXPECT_EQ(image.value().info().warnings,
              std::vector<std::string>{"the file ends at 0x3800, 0x2800 bytes of memory are missing"});
    EXPECT_TRUE(
        fails(image.value().memory().load<std::uint64_t>(PhysAddr{0x57fc}), Errc::outside_memory, 0x5800));
}

TEST(ElfDump, WhatIsNoneIsRefusedAndNamed) {
    const struct {
        const char *name;
        std::function<void(std::vector<std::byte> &)> change;
        std::uint64_t address;
        const char *word;
    } cases[] = {
        {"ELF32", [](auto &b) { b[EI_CLASS] = std::byte{ELFCLASS32}; }, 0, "an ELF32 file"},
        {"ELF32, cut",
         [](auto &b) {
             b[EI_CLASS] = std::byte{ELFCLASS32};
             b.resize(52);
         },
         0, "an ELF32 file"},
        {"cut within the header", [](auto &b) { b.resize(63); }, 0, "beyond the file's end"},
        {"big-endian", [](auto &b) { b[EI_DATA] = std::byte{ELFDATA2MSB}; }, 0, "not an ELF64 core"},
        {"an executable", [](auto &b) { b[offsetof(Elf64_Ehdr, e_type)] = std::byte{ET_EXEC}; }, 0, "type 2"},
        {"another CPU", [](auto &b) { b[offsetof(Elf64_Ehdr, e_machine)] = std::byte{EM_S390}; }, 0,
         "machine 22"},
        {"notes nowhere",
         [](auto &b) {
             std::ranges::fill(std::span(b).subspan(0x40 + offsetof(Elf64_Phdr, p_offset), 8),
                               std::byte{0xff});
         },
         0x40, "notes"},
        {"a segment that wraps",
         [](auto &b) {
             std::ranges::fill(std::span(b).subspan(0x78 + offsetof(Elf64_Phdr, p_memsz), 8),
                               std::byte{0xff});
         },
         0x78, "last address"},
        {"more in the file than in memory",
         [](auto &b) {
             std::ranges::fill(std::span(b).subspan(0x78 + offsetof(Elf64_Phdr, p_filesz), 8),
                               std::byte{0xff});
         },
         0x78, "more bytes in the file"},
    };
    for (const auto &c : cases) {
        auto bytes = qemu_dump().load(0x1000, 0x2000, 0).bytes();
        c.change(bytes);
        const auto image = open(bytes);
        EXPECT_TRUE(fails(image, Errc::core_format, c.address)) << c.name;
        if (!image) {
            EXPECT_NE(image.error().what.find(c.word), std::string::npos) << image.error().what;
        }
    }
}

TEST(ElfDump, GuestsCaughtIn32BitCodeAndArm64OnesAreRead) {
    for (const auto &[machine, word] : {std::pair{EM_386, "x86"}, std::pair{EM_AARCH64, "arm64"}}) {
        ElfFile file = qemu_dump().load(0, 0x1000, 0);
        file.machine = static_cast<std::uint16_t>(machine);
        const auto image = open(file.bytes());
        ASSERT_TRUE(succeeds(image));
        EXPECT_EQ(image.value().info().format, std::string("QEMU dump-guest-memory, ELF64 core for ") + word);
    }
}

TEST(ElfDump, OneNoteOfOursMakesItARecordingWithARecordingsRules) {
    // No kho_data.
    EXPECT_TRUE(fails(open(ElfFile().note("KHO", core_note_release, "6.19").bytes()), Errc::core_format, 0));
    ElfFile file;
    file.note("KHO", core_note_kho_data, std::string(32, 'k'))
        .page('a')
        .load(0, 0x1000, 0)
        .load(0, 0x1000, 0);
    EXPECT_TRUE(fails(open(file.bytes()), Errc::core_format, ElfFile::data_at));
    file.segments.pop_back();
    const auto image = open(file.bytes());
    ASSERT_TRUE(succeeds(image));
    EXPECT_EQ(image.value().kind(), ImageKind::recording);
}

TEST(ElfDump, NoByteAndNoCutMakesTheReaderStray) {
    const auto original =
        qemu_dump().load(0, 0x3000, 0).load(0x1000, 0x3000, 0x1000).load(0x8000, 0x2000, 0, 0).bytes();
    const auto try_bytes = [](std::vector<std::byte> bytes) {
        const auto image = open(std::move(bytes));
        if (!image)
            return;
        std::array<std::byte, 2 * page_size> some;
        for (const Range &part : image.value().memory().ranges().ranges()) {
            const auto out = std::span(some).first(std::min<std::uint64_t>(part.size, some.size()));
            ASSERT_TRUE(succeeds(image.value().memory().read(part.start, out)));
            ASSERT_TRUE(succeeds(image.value().memory().read(part.end() - out.size(), out)));
        }
        ASSERT_TRUE(image.value().memory().resident().minus(image.value().memory().ranges()).empty());
    };
    for (std::size_t i = 0; i < 0x800; i++)
        for (const int flip : {0x01, 0x80, 0xff}) {
            auto bytes = original;
            bytes[i] ^= static_cast<std::byte>(flip);
            ASSERT_NO_FATAL_FAILURE(try_bytes(std::move(bytes))) << i;
        }
    for (std::size_t size = 0; size < original.size(); size += size < 0x800 ? 1 : 61)
        ASSERT_NO_FATAL_FAILURE(
            try_bytes({original.begin(), original.begin() + static_cast<std::ptrdiff_t>(size)}))
            << size;
}

}  // namespace
}  // namespace kho
