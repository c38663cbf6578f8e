// SPDX-License-Identifier: GPL-2.0-or-later
// The device in a real QEMU, its guest played by the test: registers, properties, and an emulated kexec of
// guest memory.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>

#include "fdt/abi/units.h"
#include "fdt/file/elf_core.h"
#include "fdt/read/reader.h"
#include "guest.h"
#include "guest_image.h"
#include "qtest.h"
#include "tests/temporary_folder.h"

namespace {

using namespace kexec_handover;
using harness::GuestImage;
using harness::Machine;
using harness::QTest;

using kho::gib, kho::mib;

Machine machine(const std::string &device_options = {}) {
    Machine m;
    m.kernel = harness::payload_bzimage();
    m.device_options = device_options;
    return m;
}

TEST(Registers, HaveTheirResetValues) {
    QTest q(machine());
    EXPECT_EQ(q.read64(Register::signature), device_signature);
    EXPECT_EQ(q.read32(Register::version), interface_version);
    EXPECT_EQ(q.read64(Register::purgatory_entry), purgatory_base);
    for (const Register which :
         {Register::status_index, Register::status_address, Register::descriptor, Register::next_entry,
          Register::next_argument, Register::kexec_count, Register::preserved_bytes,
          Register::preserved_ranges, Register::poisoned_bytes, Register::untouched_bytes,
          Register::kexec_nanoseconds, Register::recorded_bytes, Register::kho_fdt, Register::luo_fdt,
          Register::mismatched_ranges})
        EXPECT_EQ(q.read64(which), 0u) << std::hex << static_cast<unsigned>(which);
    for (const Register which : {Register::state, Register::status, Register::verdict})
        EXPECT_EQ(q.read32(which), 0u) << std::hex << static_cast<unsigned>(which);
    const auto letters = q.read(mmio_base, 8);
    EXPECT_EQ(std::string(reinterpret_cast<const char *>(letters.data()), 8), "HANDOVER");
}

TEST(Registers, OfEightBytesCanBeWrittenAndReadByHalves) {
    QTest q(machine());
    q.write64(Register::descriptor, 0x1122334455667788);
    EXPECT_EQ(q.read64(Register::descriptor), 0x1122334455667788u);
    constexpr Register high{static_cast<std::uint32_t>(Register::descriptor) + 4};
    EXPECT_EQ(q.read32(Register::descriptor), 0x55667788u);
    EXPECT_EQ(q.read32(high), 0x11223344u);
    q.write32(high, 0xaabbccdd);
    EXPECT_EQ(q.read64(Register::descriptor), 0xaabbccdd55667788u);
    EXPECT_EQ(q.read64(Register::version), interface_version) << "version and state";
}

TEST(Registers, ThatAreReadOnlyOrUnknownIgnoreWrites) {
    QTest q(machine());
    for (std::uint32_t offset = 0; offset < mmio_size; offset += 8) {
        const Register which{offset};
        if (which == Register::descriptor || which == Register::command || which == Register::verdict)
            continue;
        const std::uint64_t before = q.read64(which);
        q.write64(which, ~std::uint64_t{0});
        EXPECT_EQ(q.read64(which), before) << std::hex << offset;
    }
    q.write32(Register::verdict, 77);
    EXPECT_EQ(q.read32(Register::verdict), 0u);
}

TEST(Registers, DescriptorIsForgottenByReset) {
    QTest q(machine());
    q.write64(Register::descriptor, 0x1000);
    EXPECT_EQ(q.ring(Command::kexec), Status::descriptor_magic);
    q.qmp("system_reset");
    EXPECT_EQ(q.read64(Register::descriptor), 0u);
    EXPECT_EQ(q.read32(Register::status), 0u);
}

TEST(Purgatory, IsReadOnlyMemory) {
    QTest q(machine());
    const auto before = q.read(purgatory_base, purgatory_size);
    q.fill(purgatory_base, purgatory_size, 0);
    EXPECT_EQ(q.read(purgatory_base, purgatory_size), before);
    EXPECT_EQ(before[0], std::byte{0xfa}) << "cli";
}

TEST(Doorbell, RefusesNonsenseAndQemuGoesOn) {
    QTest q(machine("verdict=optional"));
    EXPECT_EQ(q.ring(Command::kexec), Status::no_descriptor);
    EXPECT_EQ(q.property("last-error").get<std::string>().substr(0, 14), "no_descriptor:");
    EXPECT_EQ(q.ring(Command::enter), Status::not_handed_over);
    EXPECT_EQ(q.ring(Command::verify), Status::nothing_to_verify);
    EXPECT_EQ(q.ring(Command{0}), Status::unknown_command);
    EXPECT_EQ(q.ring(Command{0xffffffff}), Status::unknown_command);
    for (const std::uint64_t address : {std::uint64_t{0x1001}, mmio_base, purgatory_base,
                                        ~std::uint64_t{0} - 7, 256 * mib - 8, std::uint64_t{0xfee00000}}) {
        q.write64(Register::descriptor, address);
        EXPECT_EQ(q.ring(Command::kexec), Status::descriptor_unreadable) << std::hex << address;
        EXPECT_EQ(q.read64(Register::status_address), address);
    }
    std::string log;
    EXPECT_EQ(q.quit(&log), 0);
    EXPECT_EQ(harness::lines_with(log, "kexec-handover: no_descriptor").size(), 1u) << log;
}

TEST(Kexec, HandsOverPoisonsAndVerifies) {
    QTest q(machine());
    GuestImage image(q);
    image.data(3 * mib, 9);
    const std::uint64_t secret = 100 * mib;
    q.fill(secret, 8192, 0x5e);
    ASSERT_EQ(image.ring(), Status::ok) << q.property("last-error");
    EXPECT_EQ(q.property("state"), "handed-over");
    EXPECT_NE(q.read64(Register::next_argument), 0u);
    EXPECT_NE(q.read64(Register::next_entry), 0u);
    EXPECT_EQ(q.read64(Register::next_entry), 0u) << "given once";
    // A second kexec while one runs: refused, and the first one's status stays for the CPU that rang for it.
    EXPECT_EQ(q.ring(Command::kexec), Status::ok);
    EXPECT_EQ(q.property("last-error").get<std::string>().substr(0, 5), "busy:");
    EXPECT_EQ(q.property("state"), "handed-over");
    ASSERT_EQ(q.ring(Command::enter), Status::ok);
    EXPECT_EQ(q.property("state"), "idle");
    EXPECT_EQ(q.property("kexec-count"), 1);
    EXPECT_EQ(q.read64(Register::next_entry), 0u);
    EXPECT_EQ(q.property("preserved-bytes").get<std::uint64_t>(), q.read64(Register::preserved_bytes));
    EXPECT_EQ(q.property("kho-fdt").get<std::uint64_t>(), q.read64(Register::kho_fdt));
    EXPECT_EQ(q.property("luo-fdt").get<std::uint64_t>(), q.read64(Register::luo_fdt));

    for (const std::byte b : q.read(secret, 8192)) ASSERT_EQ(b, std::byte{0xcc});
    EXPECT_EQ(q.ring(Command::verify), Status::ok);
    // One byte of preserved memory, as a stray write of the new kernel would change it.
    q.fill(image.data_start() + mib + 77, 1, 0x33);
    EXPECT_EQ(q.ring(Command::verify), Status::mismatch);
    EXPECT_EQ(q.read64(Register::mismatched_ranges), 1u);
    const std::uint64_t named = q.read64(Register::status_address);
    EXPECT_LE(named, image.data_start() + mib + 77);
    EXPECT_GT(named + 2 * mib, image.data_start() + mib + 77);
}

TEST(Kexec, HandsOverMemoryAboveFourGib) {
    Machine m = machine();
    m.memory = "6G";
    m.name = "q35";
    m.bios.clear();
    QTest q(m);
    GuestImage image(q, {.low_bytes = 256 * mib, .high_bytes = gib});
    const std::uint64_t high = 4 * gib + 512 * mib;
    q.fill(high, mib, 0x77);
    image.preserve(high, 8, 1);
    q.fill(high + mib, 4096, 0x11);
    ASSERT_EQ(image.ring(), Status::ok) << q.property("last-error");
    EXPECT_EQ(q.read(high, 16), std::vector<std::byte>(16, std::byte{0x77}));
    EXPECT_EQ(q.read(high + mib, 16), std::vector<std::byte>(16, std::byte{0xcc}));
}

// Resident memory of a process in bytes. (proc(5), statm)
std::uint64_t resident(int pid) {
    std::ifstream statm("/proc/" + std::to_string(pid) + "/statm");
    std::uint64_t size, pages;
    statm >> size >> pages;
    return pages * 4096;
}

TEST(Kexec, LeavesMemoryThatWasNeverTouchedOutOfTheHost) {
    Machine m = machine();
    m.memory = "2G";
    QTest q(m);
    GuestImage image(q, {.low_bytes = 2 * gib, .high_bytes = 0});
    const std::uint64_t before = resident(q.pid());
    ASSERT_EQ(image.ring(), Status::ok) << q.property("last-error");
    EXPECT_GT(q.read64(Register::untouched_bytes), 1800 * mib);
    EXPECT_LT(q.read64(Register::poisoned_bytes), 64 * mib);
    EXPECT_LT(resident(q.pid()), before + 64 * mib);
    EXPECT_EQ(q.read64(Register::untouched_bytes) + q.read64(Register::poisoned_bytes) +
                  q.read64(Register::preserved_bytes),
              image.usable_bytes());
}

// Single pages that were never written, scattered: reading them for checksum and recording must not touch
// anything.
TEST(Kexec, LeavesMemoryBesideUntouchedPreservedPagesOutOfTheHost) {
    TemporaryFolder directory;
    Machine m = machine("record=" + directory.file("handover.core"));
    m.memory = "1G";
    QTest q(m);
    GuestImage image(q, {.low_bytes = gib, .high_bytes = 0});
    for (std::uint64_t i = 0; i < 400; ++i) image.preserve(64 * mib + i * 2 * mib, 0, 1);
    const std::uint64_t before = resident(q.pid());
    for (int life = 0; life < 2; ++life) {
        ASSERT_EQ(image.ring(), Status::ok) << q.property("last-error");
        ASSERT_EQ(q.ring(Command::enter), Status::ok);
        ASSERT_EQ(q.ring(Command::verify), Status::ok);
        EXPECT_LT(q.read64(Register::poisoned_bytes), 64 * mib);
        EXPECT_LT(resident(q.pid()), before + 64 * mib);
    }
}

TEST(Kexec, KnowsTheHolesOfSharedMemory) {
    Machine m = machine();
    m.name = "microvm,memory-backend=ram0";
    m.more = {"-object", "memory-backend-memfd,id=ram0,size=256M,share=on"};
    QTest q(m);
    GuestImage image(q);
    q.fill(100 * mib, 4096, 0x5e);
    ASSERT_EQ(image.ring(), Status::ok) << q.property("last-error");
    EXPECT_LT(q.read64(Register::poisoned_bytes), 64 * mib);
    EXPECT_GT(q.read64(Register::untouched_bytes), 180 * mib);
    EXPECT_EQ(q.read(100 * mib, 4), std::vector<std::byte>(4, std::byte{0xcc}));
    EXPECT_EQ(q.read(101 * mib, 4), std::vector<std::byte>(4, std::byte{0}));
}

// Copy on write from a template: what was not written shows the file.
TEST(Kexec, PoisonsPrivateMemoryOfAFile) {
    TemporaryFolder directory;
    const std::string file = directory.file("ram");
    std::ofstream(file) << std::string(64 * mib, '\x5e');
    Machine m = machine();
    m.memory = "64M";
    m.name = "microvm,memory-backend=ram0";
    m.more = {"-object", "memory-backend-file,id=ram0,size=64M,share=off,mem-path=" + file};
    QTest q(m);
    GuestImage image(q, {.low_bytes = 64 * mib, .high_bytes = 0});
    ASSERT_EQ(image.ring(), Status::ok) << q.property("last-error");
    EXPECT_EQ(q.read64(Register::untouched_bytes), 0u);
    EXPECT_EQ(q.read(24 * mib, 4), std::vector<std::byte>(4, std::byte{0xcc}));
}

TEST(Kexec, WithPoisonOffKeepsOldMemory) {
    QTest q(machine("poison=off"));
    GuestImage image(q);
    q.fill(100 * mib, 16, 0x5e);
    ASSERT_EQ(image.ring(), Status::ok) << q.property("last-error");
    EXPECT_EQ(q.read(100 * mib, 16), std::vector<std::byte>(16, std::byte{0x5e}));
    EXPECT_EQ(q.read64(Register::poisoned_bytes), 0u);
}

TEST(Kexec, WithPoisonZeroClears) {
    QTest q(machine("poison=zero"));
    GuestImage image(q);
    q.fill(100 * mib, 16, 0x5e);
    ASSERT_EQ(image.ring(), Status::ok) << q.property("last-error");
    EXPECT_EQ(q.read(100 * mib, 16), std::vector<std::byte>(16, std::byte{0}));
}

TEST(Kexec, IsForgottenByASystemResetInTheMiddle) {
    QTest q(machine());
    {
        GuestImage image(q);
        ASSERT_EQ(image.ring(), Status::ok) << q.property("last-error");
    }
    q.qmp("system_reset");
    EXPECT_EQ(q.property("state"), "idle");
    EXPECT_EQ(q.property("kexec-count"), 0);
    EXPECT_EQ(q.read64(Register::next_entry), 0u);
    EXPECT_EQ(q.ring(Command::enter), Status::not_handed_over);
    EXPECT_EQ(q.ring(Command::verify), Status::nothing_to_verify);
    GuestImage again(q);
    EXPECT_EQ(again.ring(), Status::ok) << q.property("last-error");
    EXPECT_EQ(q.ring(Command::enter), Status::ok);
}

TEST(Kexec, RefusedLeavesGuestMemoryAsItWas) {
    QTest q(machine("kernel=/nowhere/kernel"));
    GuestImage image(q);
    image.data(mib, 5);
    image.store();
    const auto before = q.read(0x1000, 12 * mib);
    EXPECT_EQ(image.ring(), Status::kernel_missing);
    EXPECT_TRUE(q.read(0x1000, 12 * mib) == before);
    EXPECT_EQ(q.property("state"), "idle");
    EXPECT_NE(q.property("last-error").get<std::string>().find("/nowhere/kernel"), std::string::npos);
}

TEST(Recording, HoldsWhatIsInGuestMemoryPageForPage) {
    TemporaryFolder directory;
    const std::string file = directory.file("handover.core");
    QTest q(machine("record=" + file));
    GuestImage image(q);
    image.data(2 * mib, 3);
    ASSERT_EQ(image.ring(), Status::ok) << q.property("last-error");
    EXPECT_EQ(std::filesystem::file_size(file), q.read64(Register::recorded_bytes));
    EXPECT_EQ(directory.names().size(), 1u);
    const auto core = kho::ElfCore::open(file);
    ASSERT_TRUE(core.ok()) << core.error().message();
    EXPECT_EQ(core.value().memory().bytes(), q.read64(Register::preserved_bytes));
    for (const kho::Range &range : core.value().memory().ranges()) {
        std::vector<std::byte> bytes(range.size);
        ASSERT_TRUE(core.value().read(range.start, bytes).ok());
        EXPECT_TRUE(q.read(value(range.start), range.size) == bytes) << std::hex << value(range.start);
    }
    const auto handover = kho::read_handover(core.value(), core.value().header().data);
    ASSERT_TRUE(handover.ok()) << handover.error().message();
    EXPECT_EQ(value(handover.value().fdt), q.read64(Register::kho_fdt));
    EXPECT_EQ(value(handover.value().luo->root), q.read64(Register::luo_fdt));
}

TEST(Recording, ThatCannotBeWrittenIsARefusal) {
    QTest q(machine("record=/nowhere/handover.core"));
    GuestImage image(q);
    EXPECT_EQ(image.ring(), Status::record_failed);
    EXPECT_NE(q.property("last-error").get<std::string>().find("/nowhere/handover.core"), std::string::npos);
    EXPECT_EQ(q.property("state"), "idle");
}

TEST(Recording, OntoADeviceFileIsARefusalAndTheDeviceStays) {
    QTest q(machine("record=/dev/full"));
    GuestImage image(q);
    EXPECT_EQ(image.ring(), Status::record_failed);
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/full"));
}

TEST(Recording, IsPrivateAndKeepsModeAndLinkOfTheFileItReplaces) {
    TemporaryFolder directory;
    const std::string file = directory.file("handover.core"), link = directory.file("link");
    std::filesystem::create_symlink(file, link);
    const auto mode = [&] { return std::filesystem::status(file).permissions(); };
    using std::filesystem::perms;
    for (const perms expected : {perms::owner_read | perms::owner_write,
                                 perms::owner_read | perms::owner_write | perms::group_read}) {
        if (std::filesystem::exists(file))
            std::filesystem::permissions(file, expected);
        else
            std::ofstream(file).close(), std::filesystem::permissions(file, expected);
        QTest q(machine("record=" + link));
        GuestImage image(q);
        ASSERT_EQ(image.ring(), Status::ok) << q.property("last-error");
        EXPECT_EQ(mode(), expected);
        EXPECT_TRUE(std::filesystem::is_symlink(link));
        EXPECT_TRUE(kho::ElfCore::open(file).ok());
    }
    std::filesystem::remove(file);
    std::filesystem::remove(link);
    QTest q(machine("record=" + file));
    GuestImage image(q);
    ASSERT_EQ(image.ring(), Status::ok) << q.property("last-error");
    EXPECT_EQ(mode(), perms::owner_read | perms::owner_write);
}

TEST(Recording, OnAFullDiskLeavesTheOldOneAndNoPartOfANewOne) {
    TemporaryFolder directory;
    const std::string file = directory.file("handover.core");
    std::ofstream(file) << "old";
    // A limit on file sizes, which QEMU inherits, stands for the full disk.
    rlimit unlimited;
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
    const rlimit small{.rlim_cur = mib, .rlim_max = unlimited.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    QTest q(machine("record=" + file));
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
    GuestImage image(q);
    image.data(4 * mib, 1);
    EXPECT_EQ(image.ring(), Status::record_failed);
    EXPECT_EQ(directory.names().size(), 1u);
    EXPECT_EQ(std::filesystem::file_size(file), 3u);
    EXPECT_EQ(q.property("state"), "idle");
}

// The statement of the guest that counts for scripts: QEMU's exit status.
// QEMU stays after a verdict here, to see whether it can be changed.
int end_with(const std::vector<Verdict> &verdicts, const std::string &options = "") {
    Machine m = machine(options);
    m.more = {"-no-shutdown"};
    QTest q(m);
    for (const Verdict verdict : verdicts) q.write32(Register::verdict, static_cast<std::uint32_t>(verdict));
    return q.quit();
}

TEST(Verdict, BecomesTheExitStatus) {
    EXPECT_EQ(end_with({}), 1) << "there was none";
    EXPECT_EQ(end_with({Verdict::passed}), 0);
    EXPECT_EQ(end_with({Verdict::passed_at_power_off}), 0);
    EXPECT_EQ(end_with({Verdict::pending, Verdict::passed_at_power_off}), 0);
    EXPECT_EQ(end_with({Verdict::failed, Verdict::passed_at_power_off}), 1);
    EXPECT_EQ(end_with({Verdict::passed_at_power_off, Verdict::failed}), 0);
    EXPECT_EQ(end_with({Verdict{5}}), 1) << "no verdict";
    EXPECT_EQ(end_with({Verdict::pending, Verdict::passed}), 0);
    EXPECT_EQ(end_with({Verdict::failed}), 1);
    EXPECT_EQ(end_with({Verdict::pending}), 1) << "a promised verdict that never came";
    EXPECT_EQ(end_with({Verdict::pending, Verdict::none}), 1) << "a promise cannot be taken back";
    EXPECT_EQ(end_with({Verdict::failed, Verdict::passed}), 1) << "nor a verdict";
    EXPECT_EQ(end_with({Verdict::passed, Verdict::failed}), 0);
}

TEST(Verdict, CanBeOptional) {
    EXPECT_EQ(end_with({}, "verdict=optional"), 0);
    EXPECT_EQ(end_with({Verdict::passed}, "verdict=optional"), 0);
    EXPECT_EQ(end_with({Verdict::failed}, "verdict=optional"), 1);
    EXPECT_EQ(end_with({Verdict::pending}, "verdict=optional"), 1);
}

// A guest that says no word to the device: QEMU ends by its user, or by the guest's reset.
TEST(Verdict, IsMissingWhoeverEndsQemu) {
    for (const char *const options : {"verdict=required", "verdict=optional"}) {
        Machine m = machine(options);
        m.more = {"-S"};
        harness::Guest guest(m);
        guest.qmp("system_reset");
        const harness::Outcome outcome = guest.finish(20);
        EXPECT_EQ(outcome.exit_status, options == std::string("verdict=required") ? 1 : 0)
            << outcome.report();
    }
}

TEST(Properties, AreCheckedWhenSet) {
    const auto refusal = [](const std::string &options) -> std::string {
        try {
            QTest q(machine(options));
        } catch (const std::exception &e) {
            return e.what();
        }
        return "accepted";
    };
    EXPECT_NE(refusal("release=6.18").find("'6.18' is not known; known are: 6.19, 7.0, 7.1, 7.2, 7.3"),
              std::string::npos);
    EXPECT_NE(refusal("release=").find("is not known"), std::string::npos);
    EXPECT_NE(refusal("poison=maybe").find("none of on, off, zero"), std::string::npos);
    EXPECT_NE(refusal("verdict=none").find("none of required, optional"), std::string::npos);
    EXPECT_NE(refusal("kexec-count=3").find("kexec-count"), std::string::npos);
    EXPECT_NE(refusal("nonsense=1").find("nonsense"), std::string::npos);
}

TEST(Properties, CanBeReadWhileRunningAndNotBeChanged) {
    QTest q(machine("poison=zero,append=a b,kernel=/some/kernel"));
    EXPECT_EQ(q.property("poison"), "zero");
    EXPECT_EQ(q.property("append"), "a b");
    EXPECT_EQ(q.property("kernel"), "/some/kernel");
    EXPECT_EQ(q.property("release"), "7.0");
    EXPECT_EQ(q.property("state"), "idle");
    EXPECT_EQ(q.property("last-error"), "");
    EXPECT_EQ(q.property("kexec-count"), 0);
    EXPECT_THROW(
        q.qmp("qom-set", {{"path", "/machine/peripheral/kho0"}, {"property", "poison"}, {"value", "off"}}),
        std::runtime_error);
    EXPECT_THROW(q.qmp("device_del", {{"id", "kho0"}}), std::runtime_error);
    EXPECT_THROW(q.qmp("migrate", {{"uri", "exec:cat >/dev/null"}}), std::runtime_error);
    const auto listed = q.qmp("device-list-properties", {{"typename", "kexec-handover"}});
    EXPECT_GE(listed.size(), 12u);
}

TEST(Plugin, HelpPrintsEveryPropertyWithADescriptionAndExits) {
    const auto outcome = harness::run_command({harness::qemu(), "-plugin", harness::plugin() + ",help=on"});
    EXPECT_EQ(outcome.exit_status, 0) << outcome.report();
    for (const char *name : {"kernel", "initrd", "append", "release", "record", "poison", "verdict", "state",
                             "last-error", "kexec-count", "preserved-bytes", "kho-fdt", "luo-fdt"})
        EXPECT_EQ(harness::lines_with(outcome.console, "  " + std::string(name) + " ").size(), 1u) << name;
}

TEST(Plugin, RefusesAnUnknownArgument) {
    const auto outcome =
        harness::run_command({harness::qemu(), "-plugin", harness::plugin() + ",nonsense=1"});
    EXPECT_NE(outcome.exit_status, 0);
    EXPECT_NE(outcome.log.find("unknown plugin argument 'nonsense=1'"), std::string::npos)
        << outcome.report();
}

TEST(Plugin, MakesItsPathsAbsolute) {
    QTest q(machine("record=here.core"));
    EXPECT_EQ(q.property("record"), (std::filesystem::current_path() / "here.core").string());
    EXPECT_EQ(q.property("kernel"), std::filesystem::absolute(harness::payload_bzimage()).string());
}

TEST(Plugin, CannotBePartOfAMigratableMachine) {
    Machine m = machine();
    m.more = {"--only-migratable"};
    const auto outcome = harness::run(m);
    EXPECT_EQ(outcome.exit_status, 1) << outcome.report();
    EXPECT_NE(outcome.log.find("only-migratable"), std::string::npos) << outcome.report();
}

TEST(Plugin, AllowsOneDeviceOnly) {
    Machine m = machine();
    m.more = {"-device", "kexec-handover,id=kho1"};
    const auto outcome = harness::run(m);
    EXPECT_EQ(outcome.exit_status, 1) << outcome.report();
    EXPECT_NE(outcome.log.find("there can only be one"), std::string::npos) << outcome.report();
}

}  // namespace
