// SPDX-License-Identifier: GPL-2.0-or-later
// kho bake as a user types it. Whether what it makes boots is for tests/vm and tests/linux.
#include <elf.h>
#include <gtest/gtest.h>

#include "fdt/file/elf_core.h"
#include "tests/tool/run.h"
#include "tests/tool/sample.h"
#include "tests/unit/fdt/kernel_files.h"

namespace kho::test {
namespace {

class Bake : public testing::Test {
protected:
    Ran bake(std::vector<std::string> more) const {
        more.insert(more.begin(), {"bake", recording});
        return kho(more);
    }
    // With everything that it takes.
    Ran bake_whole(std::vector<std::string> more = {}) const {
        more.insert(more.end(), {"--kernel", kernel, "-o", output});
        return bake(std::move(more));
    }
    void expect_refused(const Ran &ran, const std::string &says) const {
        EXPECT_EQ(ran.status, 2) << says;
        EXPECT_EQ(ran.err, "kho: " + says + "\n");
        EXPECT_EQ(ran.out, "");
        EXPECT_FALSE(folder.names().contains("boot.elf")) << says;
    }

    const TemporaryFolder folder;
    std::string recording = record_sample(folder, "7.2");
    std::string kernel = folder.add("bzImage", make_bzimage().bytes);
    std::string output = folder.file("boot.elf");
};

TEST_F(Bake, WritesAnElfForPvhAndSaysNothing) {
    const Ran ran = bake_whole({"--append", "console=ttyS0", "--initrd", kernel});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_EQ(ran.out + ran.err, "");
    const std::string bytes = TemporaryFolder::contents(output);
    EXPECT_EQ(bytes.substr(0, 4), "\177ELF");
    EXPECT_NE(bytes.find(std::string("console=ttyS0\0", 14)), std::string::npos);
    EXPECT_NE(bytes.find(std::string("\4\0\0\0\10\0\0\0\22\0\0\0Xen\0", 16)), std::string::npos);
    // The same input gives the same file.
    EXPECT_EQ(bake_whole({"--append", "console=ttyS0", "--initrd", kernel}).status, 0);
    EXPECT_EQ(TemporaryFolder::contents(output), bytes);
}

TEST_F(Bake, ListsItsPartsIfAsked) {
    const Ran ran = bake_whole({"-v", "--initrd", kernel});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_TRUE(ran.out.starts_with("loader    0x")) << ran.out;
    EXPECT_NE(ran.out.find("\nhandover  0x"), std::string::npos) << ran.out;
    EXPECT_NE(ran.out.find("\nboot      0x"), std::string::npos) << ran.out;
}

TEST_F(Bake, NamesTheOptionThatIsMissing) {
    expect_refused(bake({"-o", output}), "bake: --kernel FILE is missing; see kho bake --help");
    expect_refused(bake({"--kernel", kernel}), "bake: -o FILE is missing; see kho bake --help");
}

TEST_F(Bake, NamesTheFileThatItCannotUse) {
    const std::string text = folder.file("text");
    TemporaryFolder::write(text, std::string(1000, 'x'));
    const std::string nothing = folder.file("nothing");
    expect_refused(bake({"--kernel", nothing, "-o", output}), nothing + ": No such file or directory");
    expect_refused(bake({"--kernel", text, "-o", output}),
                   text + ": neither a bzImage nor an ELF64 executable for x86_64 (image_format)");
    expect_refused(bake_whole({"--initrd", nothing}), nothing + ": No such file or directory");
    expect_refused(bake_whole({"--append", std::string(256, 'x')}),
                   kernel + ": 256 characters, the kernel takes 255 (command_line_too_long)");
    KernelFile huge = make_bzimage();
    huge.set(abi::boot_params::init_size, std::uint32_t{0x70000000});
    const std::string large = folder.add("large", huge.bytes);
    expect_refused(bake({"--kernel", large, "-o", output}),
                   large + ": no place in scratch for the kernel of 0x70000000 bytes (image_too_large)");
    const std::string initrd = folder.file("initrd");
    TemporaryFolder::write(initrd, "");
    std::filesystem::resize_file(initrd, 0x70000000);
    expect_refused(bake_whole({"--initrd", initrd}),
                   initrd + ": no place in scratch for the initrd of 0x70000000 bytes (initrd_too_large)");
    const Ran ran = bake({"--kernel", kernel, "-o", folder.file("no/such")});
    EXPECT_EQ(ran.status, 2);
    EXPECT_TRUE(ran.err.starts_with("kho: " + folder.file("no/such"))) << ran.err;
}

TEST_F(Bake, NeedsAHandoverWithMemoryAroundIt) {
    const std::string blob = folder.file("fdt");
    ASSERT_EQ(kho({"extract", recording, "--subtree", "LUO", "-o", blob}).status, 0);
    expect_refused(kho({"bake", blob, "--kernel", kernel, "-o", output}),
                   blob + ": this is a blob, bake needs the memory around it");
    const Ran none = kho({"bake", kernel, "--kernel", kernel, "-o", output});
    EXPECT_EQ(none.status, 2);
    EXPECT_TRUE(none.err.starts_with("kho: " + kernel + ": ")) << none.err;
    EXPECT_FALSE(folder.names().contains("boot.elf"));
}

TEST_F(Bake, NeedsTheScratchAreas) {
    // Nothing is there, and no note is about it.
    expect_refused(bake_whole({"--fdt=0x1000"}),
                   recording + ": the scratch areas are not known: nothing in the file names them");
    std::string bytes = TemporaryFolder::contents(recording);
    const std::uint32_t type = core_note_kho_data;
    std::size_t at = bytes.find(std::string(reinterpret_cast<const char *>(&type), sizeof type) + "KHO");
    ASSERT_NE(at, std::string::npos);
    at += sizeof type + sizeof core_note_owner;
    const std::uint64_t elsewhere = 0x5000000;
    std::memcpy(bytes.data() + at + offsetof(abi::kho_data, scratch_addr), &elsewhere, sizeof elsewhere);
    TemporaryFolder::write(recording, bytes);
    expect_refused(bake_whole(), recording + ": the scratch areas could not be read; see kho check");
}

TEST_F(Bake, NeedsAllOfTheHandover) {
    // A recording whose last piece ends a page too early is sound in itself.
    std::string bytes = TemporaryFolder::contents(recording);
    Elf64_Ehdr header;
    std::memcpy(&header, bytes.data(), sizeof header);
    ASSERT_GT(header.e_phnum, 1);
    const std::size_t at = header.e_phoff + (header.e_phnum - 1) * sizeof(Elf64_Phdr);
    Elf64_Phdr last;
    std::memcpy(&last, bytes.data() + at, sizeof last);
    ASSERT_EQ(last.p_type, Elf64_Word{PT_LOAD});
    last.p_filesz -= page_size;
    last.p_memsz -= page_size;
    std::memcpy(bytes.data() + at, &last, sizeof last);
    TemporaryFolder::write(recording, bytes);
    expect_refused(bake_whole(), recording + ": 4 KiB of the handover are not in the file");
}

TEST_F(Bake, TakesABrokenRecordingWithAWarning) {
    std::string bytes = TemporaryFolder::contents(recording);
    const std::size_t name = bytes.find(std::string("nothing\0", 8));
    ASSERT_NE(name, std::string::npos);
    bytes.replace(name, 7, std::string("vm-1\0\0\0", 7));
    const std::string broken = folder.file("broken.core");
    TemporaryFolder::write(broken, bytes);
    const Ran ran = kho({"bake", broken, "--kernel", kernel, "-o", output});
    EXPECT_EQ(ran.status, 1) << ran.err;
    EXPECT_NE(ran.err.find(": warning: "), std::string::npos) << ran.err;
    EXPECT_TRUE(folder.names().contains("boot.elf"));
}

}  // namespace
}  // namespace kho::test
