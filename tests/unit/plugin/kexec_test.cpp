// SPDX-License-Identifier: GPL-2.0-or-later
// The emulated kexec over a machine of plain arrays: what it leaves behind, and that a refusal leaves
// nothing.
#include <libfdt.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "fake_machine.h"
#include "fdt/abi/luo.h"
#include "fdt/file/elf_core.h"
#include "fdt/read/reader.h"

namespace kexec_handover::test {
namespace {

struct World {
    Guest guest;
    TemporaryFolder directory;
    std::vector<std::byte> rom = make_purgatory();
    Kexec kexec{guest.machine, rom};
    KexecOptions options{.kernel = directory.add("kernel", FakeKernel{}.bytes()),
                         .initrd = {},
                         .append = "lives=2",
                         .record = {},
                         .handover = {},
                         .release = kho::find_release("6.19")};

    World() { guest.store(); }
    Refusal ring() { return kexec.kexec(Guest::descriptor_address, options); }
};

TEST(Kexec, HandsOverWhatAReaderOfTheFormatFinds) {
    World world;
    ASSERT_EQ(world.ring().status, Status::ok) << world.kexec.status().what;
    EXPECT_EQ(world.kexec.state(), State::handed_over);
    EXPECT_NE(world.kexec.claim(), kho::PhysAddr{});

    // As the next kernel does: boot_params, setup_data, kho_data.
    const auto &machine = world.guest.machine;
    const kho::PhysAddr boot_params = world.kexec.next_argument();
    const auto node = machine.load<std::uint64_t>(boot_params + kho::abi::boot_params::setup_data);
    ASSERT_TRUE(node.ok());
    const auto header = machine.load<kho::abi::setup_data_header>(kho::PhysAddr{node.value()});
    ASSERT_TRUE(header.ok());
    EXPECT_EQ(header.value().type, kho::abi::setup_kexec_kho);
    EXPECT_EQ(header.value().len, sizeof(kho::abi::kho_data));
    const auto data =
        machine.load<kho::abi::kho_data>(kho::PhysAddr{node.value() + sizeof(kho::abi::setup_data_header)});
    ASSERT_TRUE(data.ok());
    const auto handover = kho::read_handover(machine, data.value());
    ASSERT_TRUE(handover.ok()) << handover.error().message();
    EXPECT_EQ(handover.value().scratch.size(), 2u);
    ASSERT_TRUE(handover.value().luo);
    EXPECT_EQ(handover.value().luo->liveupdate_number, 1u);
    ASSERT_EQ(handover.value().luo->sessions.size(), 1u);
    EXPECT_EQ(handover.value().luo->sessions[0].name, "alpha");
    EXPECT_EQ(handover.value().luo->sessions[0].files.size(), 2u);
    EXPECT_EQ(kho::memory_of(handover.value()).bytes(), world.kexec.last().preserved_bytes);

    EXPECT_EQ(machine.load<std::uint64_t>(boot_params + kho::abi::boot_params::acpi_rsdp_addr).value(),
              0xf1234u);
    EXPECT_EQ(machine.load<std::uint8_t>(boot_params + kho::abi::boot_params::e820_entries).value(), 4u);
    const std::uint64_t command_line =
        machine.load<std::uint32_t>(boot_params + kho::abi::boot_params::cmd_line_ptr).value();
    char text[8];
    ASSERT_TRUE(machine.read(kho::PhysAddr{command_line}, std::as_writable_bytes(std::span(text))).ok());
    EXPECT_STREQ(text, "lives=2");
}

// What the FLB node of the LUO FDT leads to: nothing if there is none.
struct FlbNode {
    bool there = false;
    std::uint64_t at = 0;
    kho::abi::luo_flb_header_ser header{};
};

FlbNode flb_node(const World &world) {
    FlbNode node;
    std::vector<std::byte> fdt(kho::page_size);
    const auto &machine = world.guest.machine;
    EXPECT_TRUE(machine.read(world.kexec.last().luo_fdt, fdt).ok());
    const int offset = fdt_subnode_offset(fdt.data(), 0, kho::abi::luo_flb_node);
    node.there = offset >= 0;
    int length = 0;
    const void *property = fdt_getprop(fdt.data(), offset, kho::abi::luo_flb_header_property, &length);
    if (property == nullptr || length != 8)
        return node;
    std::memcpy(&node.at, property, sizeof node.at);
    node.header = machine.load<kho::abi::luo_flb_header_ser>(kho::PhysAddr{node.at}).value();
    return node;
}

TEST(Kexec, WritesTheFlbNodeThatTheReleaseWantsAndRefusesFlbsThatItHasNoPlaceFor) {
    const struct {
        const char *release;
        bool guest_has_flbs;
        Status expected;
        bool node;
    } cases[] = {
        {"6.19", false, Status::ok, false},
        {"6.19", true, Status::flbs_not_supported, false},
        {"7.0", false, Status::ok, true},
        {"7.0", true, Status::ok, true},
    };
    for (const auto &c : cases) {
        World world;
        if (c.guest_has_flbs)
            world.guest.add_flbs();
        world.guest.store();
        world.options.release = kho::find_release(c.release);
        ASSERT_EQ(world.ring().status, c.expected) << c.release << ": " << world.kexec.status().what;
        if (c.expected != Status::ok)
            continue;
        const FlbNode node = flb_node(world);
        EXPECT_EQ(node.there, c.node) << c.release;
        if (!c.node)
            continue;
        EXPECT_EQ(node.header.pgcnt, 1u);
        EXPECT_EQ(node.header.count, c.guest_has_flbs ? 2u : 0u);
        EXPECT_NE(node.at, 0x214000u) << "a page of the device's own";
    }
}

TEST(Kexec, WithFlbsButWithoutSessionsIsRefused) {
    World world;
    world.guest.add_flbs();
    world.guest.descriptor.session_header = 0;
    world.guest.store();
    EXPECT_EQ(world.ring().status, Status::flbs_not_supported);
}

TEST(Kexec, OfAGuestWithAnEmptyPageOfFlbsIsGoodForAKernelWithoutThem) {
    World world;
    world.guest.add_flbs();
    world.guest.flb_header.count = 0;
    world.guest.store();
    world.options.release = kho::find_release("6.19");
    ASSERT_EQ(world.ring().status, Status::ok) << world.kexec.status().what;
    EXPECT_FALSE(flb_node(world).there);
}

TEST(Kexec, KeepsPreservedBytesAndPoisonsAllOther) {
    World world;
    const auto before = world.guest.machine.contents();
    ASSERT_EQ(world.ring().status, Status::ok) << world.kexec.status().what;
    const auto &after = world.guest.machine.contents();
    const auto at = [](const auto &contents, std::uint64_t address) {
        return contents.at(address >= 4 * gib ? 4 * gib
                                              : 0)[address >= 4 * gib ? address - 4 * gib : address];
    };
    for (std::uint64_t address = 0x212000; address < 0x214000; ++address)
        ASSERT_EQ(at(before, address), at(after, address)) << std::hex << address;
    for (std::uint64_t address = 4 * gib; address < 4 * gib + mib; ++address)
        ASSERT_EQ(at(before, address), at(after, address)) << std::hex << address;
    // The old kernel's own memory, its descriptor among it; free memory; all scratch that is not used again.
    for (const std::uint64_t address : {std::uint64_t{0x1000}, std::uint64_t{0x2000}, std::uint64_t{0x214000},
                                        8 * mib - 1, 4 * gib + mib, 4 * gib + 4 * mib - 1})
        EXPECT_EQ(at(after, address), static_cast<unsigned char>(poison_byte)) << std::hex << address;
    EXPECT_EQ(at(after, 0), 0) << "reserved memory is the firmware's";
    EXPECT_EQ(world.kexec.last().poisoned_bytes + world.kexec.last().preserved_bytes, 28 * mib - 0x1000);
}

TEST(Kexec, WithoutPoisonLeavesTheOldKernelsMemory) {
    World world;
    world.options.poison = Poison::off;
    ASSERT_EQ(world.ring().status, Status::ok);
    EXPECT_EQ(world.guest.machine.load<Descriptor>(Guest::descriptor_address).value().magic,
              descriptor_magic);
    EXPECT_EQ(world.kexec.last().poisoned_bytes, 0u);
}

TEST(Kexec, CanPoisonWithZeroes) {
    World world;
    world.options.poison = Poison::zero;
    ASSERT_EQ(world.ring().status, Status::ok);
    EXPECT_EQ(world.guest.machine.load<std::uint64_t>(Guest::descriptor_address).value(), 0u);
    EXPECT_GT(world.kexec.last().poisoned_bytes, 0u);
}

TEST(Kexec, PlacesTheNextKernelInScratchOnly) {
    World world;
    world.options.initrd = world.directory.add("initrd", std::vector<std::byte>(5000, std::byte{0x42}));
    ASSERT_EQ(world.ring().status, Status::ok) << world.kexec.status().what;
    const kho::Range scratch{kho::PhysAddr{8 * mib}, 8 * mib};
    EXPECT_TRUE(scratch.contains({world.kexec.claim(), 1}));
    EXPECT_TRUE(scratch.contains({world.kexec.next_argument(), kho::page_size}));
    const auto &machine = world.guest.machine;
    const kho::PhysAddr zero_page = world.kexec.next_argument();
    const std::uint64_t initrd =
        machine.load<std::uint32_t>(zero_page + kho::abi::boot_params::ramdisk_image).value();
    EXPECT_EQ(machine.load<std::uint32_t>(zero_page + kho::abi::boot_params::ramdisk_size).value(), 5000u);
    EXPECT_EQ(machine.load<std::uint8_t>(kho::PhysAddr{initrd + 4999}).value(), 0x42);
}

TEST(Kexec, GoesOnUntilThePurgatoryEnters) {
    World world;
    EXPECT_EQ(world.kexec.enter().status, Status::not_handed_over);
    ASSERT_EQ(world.ring().status, Status::ok);
    EXPECT_EQ(world.kexec.count(), 0u);
    EXPECT_EQ(world.ring().status, Status::busy) << "a second kexec while one runs";
    EXPECT_EQ(world.kexec.verify().status, Status::busy);
    EXPECT_EQ(world.kexec.state(), State::handed_over) << "the first one goes on";
    EXPECT_EQ(world.kexec.unknown_command(77).status, Status::unknown_command);
    EXPECT_EQ(world.kexec.status().status, Status::ok) << "its CPU has yet to read that it may jump";
    EXPECT_EQ(world.kexec.enter().status, Status::ok);
    EXPECT_EQ(world.kexec.state(), State::idle);
    EXPECT_EQ(world.kexec.count(), 1u);
    EXPECT_EQ(world.kexec.claim(), kho::PhysAddr{});
    EXPECT_EQ(world.kexec.enter().status, Status::not_handed_over);
}

// Two CPUs may have rung; the old kernel that either came from is gone.
TEST(Kexec, LetsOneCpuEnterTheNextKernel) {
    World world;
    EXPECT_EQ(world.kexec.claim(), kho::PhysAddr{});
    ASSERT_EQ(world.ring().status, Status::ok);
    EXPECT_NE(world.kexec.claim(), kho::PhysAddr{});
    EXPECT_EQ(world.kexec.claim(), kho::PhysAddr{});
    EXPECT_NE(world.kexec.next_argument(), kho::PhysAddr{});
    EXPECT_EQ(world.kexec.status().status, Status::ok);
}

TEST(Kexec, LeavesAloneWhatNobodyEverTouched) {
    World world;
    world.guest.machine.untouched.add({kho::PhysAddr{20 * mib}, 2 * mib});
    ASSERT_EQ(world.ring().status, Status::ok);
    EXPECT_EQ(world.kexec.last().untouched_bytes, 2 * mib);
    EXPECT_EQ(world.guest.machine.load<std::uint64_t>(kho::PhysAddr{20 * mib}).value(), 0u);
    EXPECT_EQ(world.guest.machine.load<std::uint8_t>(kho::PhysAddr{20 * mib - 1}).value(), 0xcc);
    EXPECT_EQ(world.guest.machine.load<std::uint8_t>(kho::PhysAddr{22 * mib}).value(), 0xcc);
}

// What is accepted here must be readable by those who come after.
kho::Handover handed_over(const World &world) {
    const auto &machine = world.guest.machine;
    const std::uint64_t node =
        machine.load<std::uint64_t>(world.kexec.next_argument() + kho::abi::boot_params::setup_data).value();
    const auto data =
        machine.load<kho::abi::kho_data>(kho::PhysAddr{node + sizeof(kho::abi::setup_data_header)});
    auto handover = kho::read_handover(machine, data.value());
    EXPECT_TRUE(handover.ok()) << handover.error().message();
    return handover.ok() ? std::move(handover).value() : kho::Handover{};
}

bool is_preserved(const kho::Handover &handover, std::uint64_t page) {
    return kho::preserved_ranges(handover.preserved).contains({kho::PhysAddr{page}, kho::page_size});
}

TEST(Kexec, LeavesOutTheGuestsArraysButForThoseThatHoldMore) {
    // The header's block of 16 pages, and that of the files, of two.
    const std::uint64_t header = 0x200000, files = 0x210000;
    const struct {
        const char *what;
        std::function<void(Guest &)> change;
        bool header, files;
    } cases[] = {
        {"nothing else", [](Guest &) {}, false, false},
        {"a subtree in the header's last page",
         [](Guest &g) {
             g.subtrees = {{"some", 0x20f000, kho::page_size}};
         },
         true, false},
        {"a subtree that begins before the files",
         [](Guest &g) {
             g.subtrees = {{"some", 0x20f000, 0x1001}};
         },
         true, true},
        {"a file's data in the page behind the files", [](Guest &g) { g.files[1].data = 0x211008; }, false,
         true},
        {"data that is not an address", [](Guest &g) { g.files[1].data = ~std::uint64_t{0}; }, false, false},
        {"an FLB's data in the header's block",
         [](Guest &g) {
             g.add_flbs();
             g.flbs[0].data = 0x20f000;
         },
         true, false},
    };
    for (const auto &c : cases) {
        SCOPED_TRACE(c.what);
        World world;
        world.options.release = kho::find_release("7.0");
        c.change(world.guest);
        world.guest.store();
        ASSERT_EQ(world.ring().status, Status::ok) << world.kexec.status().what;
        const kho::Handover handover = handed_over(world);
        EXPECT_EQ(is_preserved(handover, header), c.header);
        EXPECT_EQ(is_preserved(handover, header + 0xf000), c.header);
        EXPECT_EQ(is_preserved(handover, files), c.files);
        EXPECT_TRUE(is_preserved(handover, 0x212000));
        EXPECT_TRUE(is_preserved(handover, 4 * gib + mib - kho::page_size));
    }
}

// What a name stands for elsewhere does not matter: it is the guest's blob.
TEST(Kexec, HandsOnASubtreeOfAKernelsName) {
    World world;
    world.guest.subtrees = {{"memblock", 0x213000, 0x1000}};
    world.guest.store();
    ASSERT_EQ(world.ring().status, Status::ok) << world.kexec.status().what;
    std::vector<std::byte> fdt(kho::page_size);
    ASSERT_TRUE(world.guest.machine.read(world.kexec.last().kho_fdt, fdt).ok());
    const int node = fdt_subnode_offset(fdt.data(), 0, "memblock");
    ASSERT_GE(node, 0);
    int length = 0;
    const void *address = fdt_getprop(fdt.data(), node, "fdt", &length);
    ASSERT_EQ(length, 8);
    std::uint64_t at = 0;
    std::memcpy(&at, address, sizeof at);
    EXPECT_EQ(at, 0x213000u);
}

TEST(Kexec, WritesWhatItsOwnReaderTakes) {
    World world;
    world.guest.subtrees = {{"some", 0x213000, 0x1000}, {"other", 0x212000, 12}};
    world.guest.store();
    ASSERT_EQ(world.ring().status, Status::ok) << world.kexec.status().what;
    EXPECT_EQ(handed_over(world).subtrees.size(), 3u);
}

TEST(Kexec, VerifiesPreservedMemoryByChecksum) {
    World world;
    EXPECT_EQ(world.kexec.verify().status, Status::nothing_to_verify);
    ASSERT_EQ(world.ring().status, Status::ok);
    world.kexec.enter();
    EXPECT_EQ(world.kexec.verify().status, Status::ok);
    world.guest.machine.store(4 * gib + 12345, std::uint8_t{0});
    EXPECT_EQ(world.kexec.verify().status, Status::mismatch);
    EXPECT_EQ(world.kexec.mismatched_ranges(), 1u);
    EXPECT_EQ(world.kexec.status().address, 4 * gib);
}

TEST(Kexec, IsForgottenByAResetInTheMiddle) {
    World world;
    ASSERT_EQ(world.ring().status, Status::ok);
    world.kexec.reset();
    EXPECT_EQ(world.kexec.state(), State::idle);
    EXPECT_EQ(world.kexec.count(), 0u);
    EXPECT_EQ(world.kexec.status().status, Status::ok);
    EXPECT_EQ(world.kexec.enter().status, Status::not_handed_over);
    EXPECT_EQ(world.kexec.verify().status, Status::nothing_to_verify);
    // Switched on again, the machine can do it all again.
    Guest guest;
    guest.store();
    for (const auto &[at, bytes] : guest.machine.contents())
        ASSERT_TRUE(world.guest.machine.write(kho::PhysAddr{at}, std::as_bytes(std::span(bytes))).ok());
    EXPECT_EQ(world.ring().status, Status::ok) << world.kexec.status().what;
}

TEST(Kexec, RecordsExactlyTheHandover) {
    World world;
    world.options.record = world.directory.file("handover.core");
    ASSERT_EQ(world.ring().status, Status::ok) << world.kexec.status().what;
    const auto core = kho::ElfCore::open(world.options.record);
    ASSERT_TRUE(core.ok()) << core.error().message();
    EXPECT_EQ(core.value().header().release, "6.19");
    EXPECT_EQ(core.value().header().data.fdt_addr, value(world.kexec.last().kho_fdt));
    EXPECT_EQ(core.value().header().memory_map.size(), 4u);
    EXPECT_EQ(core.value().memory().bytes(), world.kexec.last().preserved_bytes);
    // The same bytes, page for page, as the next kernel finds in memory.
    for (const kho::Range &range : core.value().memory().ranges()) {
        std::vector<std::byte> recorded(range.size), there(range.size);
        ASSERT_TRUE(core.value().read(range.start, recorded).ok());
        ASSERT_TRUE(world.guest.machine.read(range.start, there).ok());
        EXPECT_TRUE(recorded == there) << std::hex << value(range.start);
    }
    const auto handover = kho::read_handover(core.value(), core.value().header().data);
    ASSERT_TRUE(handover.ok()) << handover.error().message();
    EXPECT_EQ(kho::memory_of(handover.value()), core.value().memory());
}

// -----------------------------------------------------------------------------------------------------------
// Refusals: each with its code, memory as it was, the state idle, no file left, and a second attempt that
// works.

struct Refused {
    const char *name;
    Status status;
    std::function<void(World &)> change;
};

void PrintTo(const Refused &c, std::ostream *out) { *out << c.name; }

class RefusedKexec : public testing::TestWithParam<Refused> {};

TEST_P(RefusedKexec, LeavesEverythingAsItWasAndCanBeRepeated) {
    World world;
    const KexecOptions good = world.options;
    GetParam().change(world);
    const auto files = world.directory.names();
    const auto before = world.guest.machine.contents();

    ASSERT_EQ(world.ring().status, GetParam().status) << world.kexec.status().what;
    EXPECT_FALSE(world.kexec.status().what.empty());
    EXPECT_EQ(world.kexec.status().what.find('\n'), std::string::npos);
    EXPECT_EQ(world.kexec.state(), State::idle);
    EXPECT_EQ(world.kexec.claim(), kho::PhysAddr{});
    EXPECT_EQ(world.kexec.next_argument(), kho::PhysAddr{});
    EXPECT_TRUE(before == world.guest.machine.contents());
    EXPECT_EQ(world.directory.names(), files) << "a partial file was left";
    EXPECT_EQ(world.kexec.count(), 0u);

    world.options = good;
    Guest fresh;
    fresh.store();
    for (const auto &[at, bytes] : fresh.machine.contents())
        ASSERT_TRUE(world.guest.machine.write(kho::PhysAddr{at}, std::as_bytes(std::span(bytes))).ok());
    EXPECT_EQ(world.ring().status, Status::ok) << world.kexec.status().what;
}

void use_kernel(World &world, const FakeKernel &kernel) {
    world.options.kernel = world.directory.add("other", kernel.bytes());
}

const Refused refused[] = {
    {"NoDescriptor", Status::descriptor_magic,
     [](World &w) { w.guest.machine.store(0x1000, std::uint32_t{0}); }},
    {"NoKernelIsSet", Status::kernel_missing, [](World &w) { w.options.kernel.clear(); }},
    {"KernelFileMissing", Status::kernel_missing,
     [](World &w) { w.options.kernel = w.directory.file("nowhere"); }},
    {"KernelIsADirectory", Status::kernel_unreadable,
     [](World &w) { w.options.kernel = w.directory.file("."); }},
    {"KernelIsADevice", Status::kernel_unreadable, [](World &w) { w.options.kernel = "/dev/zero"; }},
    {"KernelIsEmpty", Status::kernel_format,
     [](World &w) { w.options.kernel = w.directory.add("other", {}); }},
    {"KernelIsNoKernel", Status::kernel_format,
     [](World &w) {
         w.options.kernel = w.directory.add("other", std::vector<std::byte>(9999, std::byte{'x'}));
     }},
    {"KernelIsCutShort", Status::kernel_format,
     [](World &w) {
         auto bytes = FakeKernel{}.bytes();
         bytes.resize(700);
         w.options.kernel = w.directory.add("other", bytes);
     }},
    {"KernelWithoutBootFlag", Status::kernel_format, [](World &w) { use_kernel(w, {.boot_flag = 0}); }},
    {"KernelOfAnOldProtocol", Status::kernel_protocol, [](World &w) { use_kernel(w, {.version = 0x020b}); }},
    {"KernelWithout64BitEntry", Status::kernel_no_64bit_entry,
     [](World &w) { use_kernel(w, {.xloadflags = 2}); }},
    {"KernelThatDoesNotFitIntoScratch", Status::kernel_too_large,
     [](World &w) { use_kernel(w, {.init_size = 9 * mib}); }},
    {"InitrdMissing", Status::initrd_unreadable,
     [](World &w) { w.options.initrd = w.directory.file("nowhere"); }},
    {"InitrdThatDoesNotFitIntoScratch", Status::initrd_too_large,
     [](World &w) { w.options.initrd = w.directory.add("initrd", std::vector<std::byte>(8 * mib)); }},
    {"InitrdOfTenTebibytes", Status::initrd_too_large,
     [](World &w) {
         w.options.initrd = w.directory.add("initrd", {});
         ASSERT_EQ(truncate(w.options.initrd.c_str(), std::int64_t{10} << 40), 0);
     }},
    {"KernelOfTenTebibytes", Status::kernel_too_large,
     [](World &w) {
         w.options.kernel = w.directory.add("other", FakeKernel{}.bytes());
         ASSERT_EQ(truncate(w.options.kernel.c_str(), std::int64_t{10} << 40), 0);
     }},
    {"CommandLineTooLong", Status::command_line_too_long,
     [](World &w) { w.options.append = std::string(256, 'a'); }},
    {"NoRoomForMetadata", Status::no_memory_for_metadata,
     [](World &w) {
         // All that is neither preserved nor scratch gets reserved, but for one page.
         w.guest.memory_map = {{0x1000, 0x1000, 1, 0},
                               {0x200000, 0x14000, 1, 0},
                               {8 * mib, 8 * mib, 1, 0},
                               {4 * gib, mib, 1, 0}};
         w.guest.descriptor.memory_map.count = 0;
         w.guest.store();
     }},
    {"RecordingInADirectoryThatIsNotThere", Status::record_failed,
     [](World &w) { w.options.record = w.directory.file("no/where"); }},
    {"RecordingOntoADirectory", Status::record_failed,
     [](World &w) { w.options.record = w.directory.file("."); }},
};

INSTANTIATE_TEST_SUITE_P(Table, RefusedKexec, testing::ValuesIn(refused),
                         [](const auto &test) { return std::string(test.param.name); });

TEST(Kexec, WithAFullDiskLeavesTheOldRecordingAndNoPartOfANewOne) {
    World world;
    world.options.record = world.directory.add("handover.core", std::vector<std::byte>(3, std::byte{'x'}));
    const auto files = world.directory.names();
    const auto before = world.guest.machine.contents();
    // A limit on file sizes stands for the full disk: writing fails half way.
    rlimit old;
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
    const rlimit small{.rlim_cur = 100 * kib, .rlim_max = old.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    const Status status = world.ring().status;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
    EXPECT_EQ(status, Status::record_failed);
    EXPECT_EQ(world.directory.names(), files);
    std::ifstream kept(world.options.record);
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(kept), {}), "xxx");
    EXPECT_TRUE(before == world.guest.machine.contents());
    EXPECT_EQ(world.ring().status, Status::ok) << world.kexec.status().what;
    EXPECT_TRUE(kho::ElfCore::open(world.options.record).ok());
}

TEST(Kexec, NamesEveryState) {
    for (std::uint32_t code = 0; code <= static_cast<std::uint32_t>(State::handed_over); ++code)
        EXPECT_STRNE(name(State{code}), "unknown") << code;
    EXPECT_STREQ(name(State::handed_over), "handed-over");
}

}  // namespace
}  // namespace kexec_handover::test
