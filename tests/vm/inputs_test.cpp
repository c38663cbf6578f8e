// SPDX-License-Identifier: GPL-2.0-or-later
// Dumps that the distribution's QEMU takes at the moment of a kexec, in each format that it offers, beside
// the recording of that kexec: every byte of the handover is the same, and found without an address.
#include "fdt/file/image.h"
#include "fdt/search/locate.h"
#include "guest.h"
#include "vm.h"

namespace {

// The payload hands over to a kernel that halts at once.
class Inputs : public testing::Test {
protected:
    static void SetUpTestSuite() {
        folder = new TemporaryFolder;
        harness::Machine machine = vm::machine(vm::Image::elf, "lives=2");
        machine.name = "q35";
        machine.bios.clear();
        machine.device_options = "record=" + folder->file("recording") + ",kernel=" + harness::halt_bzimage();
        guest = new harness::Guest(machine);
        guest->wait_for("boot_params", 60);
    }
    static void TearDownTestSuite() {
        delete guest;
        delete folder;
    }

    // Whether the image holds what the recording does, and leads to it.
    static void expect_same(const kho::Image &image) {
        auto recording = kho::ElfCore::open(folder->file("recording"));
        ASSERT_TRUE(recording.ok()) << recording.error().message();
        const kho::abi::kho_data &data = recording.value().header().data;
        const kho::RangeSet &memory = recording.value().memory();
        ASSERT_GT(memory.bytes(), std::uint64_t{1} << 20);
        EXPECT_TRUE(memory.minus(image.memory().ranges()).empty());
        std::vector<std::byte> expected, found;
        for (const kho::Range &range : memory.ranges()) {
            expected.resize(range.size);
            found.resize(range.size);
            ASSERT_TRUE(recording.value().read(range.start, expected).ok());
            ASSERT_TRUE(image.memory().read(range.start, found).ok());
            ASSERT_TRUE(expected == found) << "from " << std::hex << value(range.start);
        }
        const auto located = kho::locate(image);
        ASSERT_TRUE(located.ok()) << located.error().message();
        EXPECT_EQ(located.value().by, kho::LocatedBy::setup_data) << located.value().words;
        EXPECT_EQ(std::memcmp(&located.value().data, &data, sizeof data), 0) << located.value().words;
    }

    static TemporaryFolder *folder;
    static harness::Guest *guest;
};
TemporaryFolder *Inputs::folder = nullptr;
harness::Guest *Inputs::guest = nullptr;

TEST_F(Inputs, EveryFormatOfDumpGuestMemoryHoldsTheHandover) {
    const auto offered =
        guest->qmp("query-dump-guest-memory-capability").at("formats").get<std::vector<std::string>>();
    int read = 0;
    for (const std::string &format : offered) {
        if (format == "win-dmp")
            continue;  // of Windows guests only
        const std::string file = folder->file(format);
        guest->dump(file, format);
        const auto image = kho::Image::open(file);
        ASSERT_TRUE(image.ok()) << format << ": " << image.error().message();
        EXPECT_EQ(image.value().kind(), format == "elf" ? kho::ImageKind::elf_dump : kho::ImageKind::kdump);
        EXPECT_EQ(image.value().info().cpus, 1u);
        EXPECT_TRUE(image.value().info().warnings.empty()) << image.value().info().warnings[0];
        ASSERT_NO_FATAL_FAILURE(expect_same(image.value())) << format;
        read++;
    }
    EXPECT_GE(read, 2) << testing::PrintToString(offered);
}

TEST_F(Inputs, ADumpWithPagingHoldsTheHandover) {
    const std::string file = folder->file("paging");
    guest->qmp("stop");
    guest->qmp("dump-guest-memory", {{"paging", true}, {"protocol", "file:" + file}});
    const auto image = kho::Image::open(file);
    ASSERT_TRUE(image.ok()) << image.error().message();
    EXPECT_EQ(image.value().kind(), kho::ImageKind::elf_dump);
    expect_same(image.value());
}

TEST_F(Inputs, RawMemoryHoldsTheHandover) {
    const std::string file = folder->file("raw");
    guest->qmp("pmemsave", {{"val", 0}, {"size", 256 << 20}, {"filename", file}});
    EXPECT_EQ(kho::Image::open(file).error().code, kho::Errc::input_format);
    const auto image = kho::Image::open(file, {.base = kho::PhysAddr{0}});
    ASSERT_TRUE(image.ok()) << image.error().message();
    expect_same(image.value());
}

}  // namespace
