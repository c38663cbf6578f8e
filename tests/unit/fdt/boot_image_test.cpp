// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>

#include "fdt/boot/boot_image.h"
#include "tests/kernels_folder.h"
#include "tests/unit/fdt/expect.h"
#include "tests/unit/fdt/kernel_files.h"

namespace kho {
namespace {

namespace bp = abi::boot_params;

struct Case {
    const char *name;
    std::function<void(KernelFile &)> change;
    Errc code;
    std::uint64_t address;
};

template <typename T>
std::function<void(KernelFile &)> set(std::uint64_t offset, T value) {
    return [=](KernelFile &file) { file.set(offset, value); };
}

std::function<void(KernelFile &)> cut(std::uint64_t size) {
    return [=](KernelFile &file) { file.bytes.resize(size); };
}

TEST(BzImage, TellsWhatTheBootProtocolSays) {
    const KernelFile file = make_bzimage();
    const auto parsed = parse_kernel(file);
    ASSERT_TRUE(succeeds(parsed));
    const BootImage &image = parsed.value();
    EXPECT_TRUE(image.relocatable);
    EXPECT_TRUE(image.above_4g);
    EXPECT_EQ(image.preferred, PhysAddr{0x1000000});
    EXPECT_EQ(image.alignment, 0x200000u);
    EXPECT_EQ(image.size, 0x100000u);
    EXPECT_EQ(image.entry_offset, 0x200u);
    EXPECT_EQ(image.max_command_line, 255u);
    ASSERT_EQ(image.segments.size(), 1u);
    EXPECT_EQ(image.segments[0].offset, 0u);
    EXPECT_EQ(image.segments[0].bytes.data(), file.bytes.data() + bzimage_payload_at);
    EXPECT_EQ(image.segments[0].bytes.size(), bzimage_payload_size);
    EXPECT_EQ(image.segments[0].memory_size, 0x100000u);
    EXPECT_EQ(image.setup_header.data(), file.bytes.data() + bp::setup_header);
    EXPECT_EQ(image.setup_header.size(), bzimage_header_end - bp::setup_header);
}

TEST(BzImage, NoSetupSectorsMeansFour) {
    KernelFile file = make_bzimage();
    file.set(bp::setup_sects, std::uint8_t{0}).set(bp::syssize, std::uint32_t{0});
    const auto image = parse_kernel(file);
    ASSERT_TRUE(succeeds(image));
    EXPECT_EQ(image.value().segments[0].bytes.size(), file.bytes.size() - 5 * std::size_t{512});
}

TEST(BzImage, AKernelThatCannotMoveNeedsNoAlignment) {
    KernelFile file = make_bzimage();
    file.set(bp::relocatable_kernel, std::uint8_t{0}).set(bp::kernel_alignment, std::uint32_t{0});
    const auto image = parse_kernel(file);
    ASSERT_TRUE(succeeds(image));
    EXPECT_FALSE(image.value().relocatable);
    EXPECT_EQ(image.value().alignment, page_size);
}

TEST(BzImage, IsRejectedWhenAFieldIsWrong) {
    const std::uint64_t file_size = bzimage_payload_at + bzimage_payload_size;
    const Case cases[] = {
        {"empty", cut(0), Errc::image_format, 0},
        {"no room for the magic", cut(0x205), Errc::image_format, 0},
        {"no boot flag", set(bp::boot_flag, std::uint16_t{0}), Errc::image_format, 0},
        {"no magic", set(bp::header_magic, std::uint32_t{0x53726449}), Errc::image_format, 0},
        {"ends within the header", cut(bp::header_end - 1), Errc::image_truncated, bp::header_end - 1},
        {"protocol 2.11", set(bp::version, std::uint16_t{0x020b}), Errc::image_protocol, bp::version},
        {"loaded low", set(bp::loadflags, std::uint8_t{0}), Errc::image_format, bp::loadflags},
        {"32-bit", set(bp::xloadflags, std::uint16_t{2}), Errc::image_no_64bit_entry, bp::xloadflags},
        {"header too short", set(bp::jump + 1, std::uint8_t{0x61}), Errc::image_format, bp::jump + 1},
        {"header too long", set(bp::jump + 1, std::uint8_t{0x8f}), Errc::image_format, bp::jump + 1},
        {"setup longer than the file", set(bp::setup_sects, std::uint8_t{64}), Errc::image_truncated,
         file_size},
        {"no room for the entry", cut(bzimage_payload_at + 0x200), Errc::image_truncated,
         bzimage_payload_at + 0x200},
        {"one byte short", cut(file_size - 1), Errc::image_truncated, file_size - 1},
        {"syssize over the file", set(bp::syssize, ~std::uint32_t{0}), Errc::image_truncated, file_size},
        {"init_size too small", set(bp::init_size, std::uint32_t{0xfff}), Errc::image_format, bp::init_size},
        {"alignment 0", set(bp::kernel_alignment, std::uint32_t{0}), Errc::image_format,
         bp::kernel_alignment},
        {"alignment 3 MiB", set(bp::kernel_alignment, std::uint32_t{0x300000}), Errc::image_format,
         bp::kernel_alignment},
    };
    for (const Case &c : cases) {
        KernelFile file = make_bzimage();
        c.change(file);
        EXPECT_TRUE(fails(parse_kernel(file), c.code, c.address)) << c.name;
    }
}

// A mistyped or relative KHO_KERNELS must not look like "no kernels", which skips tests.
TEST(KernelsFolder, IsRefusedWhereItIsNoFolder) {
    const char *const given = std::getenv("KHO_KERNELS");
    const std::string before = given ? given : "";
    ::setenv("KHO_KERNELS", "no/such/folder", 1);
    EXPECT_THROW(kernels_folder(), std::runtime_error);
    ::setenv("KHO_KERNELS", before.c_str(), 1);
    EXPECT_EQ(kernels_folder(), before);
}

TEST(BzImage, AcceptsRealKernels) {
    const std::string folder = kernels_folder();
    if (folder.empty())
        GTEST_SKIP() << "KHO_KERNELS does not name a folder of kernels";
    int seen = 0;
    for (const auto &entry : std::filesystem::directory_iterator(folder)) {
        if (!entry.path().filename().string().starts_with("bzImage"))
            continue;
        std::ifstream stream(entry.path(), std::ios::binary);
        const std::string bytes(std::istreambuf_iterator<char>(stream), {});
        const auto image = parse_kernel(std::as_bytes(std::span(bytes)));
        ASSERT_TRUE(succeeds(image)) << entry.path();
        EXPECT_TRUE(image.value().relocatable);
        EXPECT_TRUE(image.value().above_4g);
        EXPECT_EQ(image.value().preferred, PhysAddr{0x1000000});
        seen++;
    }
    EXPECT_GT(seen, 0);
}

TEST(ElfKernel, TellsWhereItsSegmentsGo) {
    const KernelFile file = make_elf();
    const auto parsed = parse_kernel(file);
    ASSERT_TRUE(succeeds(parsed));
    const BootImage &image = parsed.value();
    EXPECT_FALSE(image.relocatable);
    EXPECT_EQ(image.preferred, PhysAddr{0x1000000});
    EXPECT_EQ(image.size, 0x4000u);
    EXPECT_EQ(image.entry_offset, 0x100u);
    EXPECT_TRUE(image.setup_header.empty());
    ASSERT_EQ(image.segments.size(), 2u);
    EXPECT_EQ(image.segments[1].offset, 0x2000u);
    EXPECT_EQ(image.segments[1].bytes.data(), file.bytes.data() + 0x2000);
    EXPECT_EQ(image.segments[1].bytes.size(), 0x1000u);
    EXPECT_EQ(image.segments[1].memory_size, 0x2000u);
}

TEST(ElfKernel, TheEntryMayBeAPhysicalAddress) {
    KernelFile file = make_elf();
    file.set(offsetof(Elf64_Ehdr, e_entry), std::uint64_t{0x1002080});
    const auto image = parse_kernel(file);
    ASSERT_TRUE(succeeds(image));
    EXPECT_EQ(image.value().entry_offset, 0x2080u);
}

TEST(ElfKernel, APositionIndependentOneKeepsItsAlignment) {
    KernelFile file = make_elf();
    file.set(offsetof(Elf64_Ehdr, e_type), std::uint16_t{ET_DYN});
    for (const std::uint64_t segment : {1, 2})
        file.set(program_header(segment) + offsetof(Elf64_Phdr, p_paddr), 0x11000 + segment * 0x2000);
    const auto image = parse_kernel(file);
    ASSERT_TRUE(succeeds(image));
    EXPECT_TRUE(image.value().relocatable);
    EXPECT_EQ(image.value().alignment, 0x200000u);
    EXPECT_EQ(image.value().preferred, PhysAddr{0});
    EXPECT_EQ(image.value().segments[0].offset, 0x13000u);
    EXPECT_EQ(image.value().entry_offset, 0x13100u);
    EXPECT_EQ(image.value().size, 0x17000u);
}

TEST(ElfKernel, IsRejectedWhenAFieldIsWrong) {
    const auto code = [](std::size_t member) { return program_header(1) + member; };
    const auto data = [](std::size_t member) { return program_header(2) + member; };
    const std::uint64_t entry_at = offsetof(Elf64_Ehdr, e_entry);
    const std::uint64_t count_at = offsetof(Elf64_Ehdr, e_phnum);
    const std::uint64_t huge = ~std::uint64_t{0};
    const Case cases[] = {
        {"ends within the header", cut(63), Errc::image_truncated, 63},
        {"32-bit", set(EI_CLASS, std::uint8_t{ELFCLASS32}), Errc::image_format, 0},
        {"big-endian", set(EI_DATA, std::uint8_t{ELFDATA2MSB}), Errc::image_format, 0},
        {"another CPU", set(offsetof(Elf64_Ehdr, e_machine), std::uint16_t{EM_AARCH64}), Errc::image_format,
         0},
        {"an object file", set(offsetof(Elf64_Ehdr, e_type), std::uint16_t{ET_REL}), Errc::image_format,
         offsetof(Elf64_Ehdr, e_type)},
        {"no program headers", set(count_at, std::uint16_t{0}), Errc::image_format, count_at},
        {"extended numbering", set(count_at, std::uint16_t{PN_XNUM}), Errc::image_format, count_at},
        {"odd program headers", set(offsetof(Elf64_Ehdr, e_phentsize), std::uint16_t{32}), Errc::image_format,
         count_at},
        {"program headers nowhere", set(offsetof(Elf64_Ehdr, e_phoff), huge), Errc::image_truncated,
         elf_size},
        {"too many program headers", set(count_at, std::uint16_t{0xfffe}), Errc::image_truncated, elf_size},
        {"nothing to load", set(count_at, std::uint16_t{1}), Errc::image_format, sizeof(Elf64_Ehdr)},
        {"more in the file than in memory", set(code(offsetof(Elf64_Phdr, p_memsz)), std::uint64_t{0x7ff}),
         Errc::image_format, program_header(1)},
        {"segment behind the file", set(data(offsetof(Elf64_Phdr, p_offset)), std::uint64_t{0x2001}),
         Errc::image_truncated, program_header(2)},
        {"segment far behind the file", set(data(offsetof(Elf64_Phdr, p_offset)), huge),
         Errc::image_truncated, program_header(2)},
        {"physical address wraps", set(data(offsetof(Elf64_Phdr, p_paddr)), huge - 0x1000),
         Errc::image_format, program_header(2)},
        {"virtual address wraps", set(data(offsetof(Elf64_Phdr, p_vaddr)), huge - 0x1000), Errc::image_format,
         program_header(2)},
        {"memory wraps", set(data(offsetof(Elf64_Phdr, p_memsz)), huge), Errc::image_format,
         program_header(2)},
        {"alignment of 3", set(data(offsetof(Elf64_Phdr, p_align)), std::uint64_t{3}), Errc::image_format,
         program_header(2)},
        {"segments overlap", set(data(offsetof(Elf64_Phdr, p_paddr)), std::uint64_t{0x10007ff}),
         Errc::image_format, sizeof(Elf64_Ehdr)},
        {"entry nowhere", set(entry_at, std::uint64_t{0x500}), Errc::image_no_64bit_entry, entry_at},
        {"entry in zeroes", set(entry_at, std::uint64_t{0xffffffff81003000}), Errc::image_no_64bit_entry,
         entry_at},
    };
    for (const Case &c : cases) {
        KernelFile file = make_elf();
        c.change(file);
        EXPECT_TRUE(fails(parse_kernel(file), c.code, c.address)) << c.name;
    }
}

// Whatever is in the file, what comes out lies within it.
void expect_sound(const KernelFile &file, const BootImage &image) {
    EXPECT_TRUE(is_aligned(image.alignment, page_size));
    EXPECT_LT(image.entry_offset, image.size);
    ASSERT_FALSE(image.segments.empty());
    for (const BootImage::Segment &segment : image.segments) {
        EXPECT_GE(segment.bytes.data(), file.bytes.data());
        EXPECT_LE(segment.bytes.data() + segment.bytes.size(), file.bytes.data() + file.bytes.size());
        EXPECT_LE(segment.bytes.size(), segment.memory_size);
        EXPECT_LE(segment.memory_size, image.size);
        EXPECT_LE(segment.offset, image.size - segment.memory_size);
    }
}

TEST(KernelFiles, NoByteAndNoCutMakesTheParserStray) {
    for (const KernelFile &original : {make_bzimage(), make_elf()}) {
        for (std::size_t i = 0; i < 0x300; i++)
            for (const unsigned flip : {0x01u, 0x80u, 0xffu}) {
                KernelFile file = original;
                file.bytes[i] ^= static_cast<std::byte>(flip);
                if (const auto image = parse_kernel(file))
                    expect_sound(file, image.value());
            }
        for (std::size_t size = 0; size < original.bytes.size(); size += size < 0x400 ? 1 : 37) {
            // A buffer of the exact size: a sanitizer sees each byte read behind it.
            const KernelFile file{{original.bytes.begin(), original.bytes.begin() + static_cast<long>(size)}};
            EXPECT_FALSE(parse_kernel(file)) << size;
        }
    }
}

}  // namespace
}  // namespace kho
