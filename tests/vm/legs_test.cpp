// SPDX-License-Identifier: GPL-2.0-or-later
// payload -> payload, the main job, on every machine, memory size and number of CPUs that is supported.
#include "vm.h"

namespace {

using harness::Machine;
using harness::Outcome;
using vm::Image;

struct Leg {
    const char *name;
    const char *machine;
    const char *bios;
    Image image;
    const char *memory = "256M";
    unsigned cpus = 1;
    unsigned lives = 3;
};

void PrintTo(const Leg &leg, std::ostream *out) { *out << leg.name; }

class Legs : public testing::TestWithParam<Leg> {};

TEST_P(Legs, EveryFileArrivesInEveryLife) {
    const Leg &leg = GetParam();
    Machine machine = vm::machine(leg.image, "lives=" + std::to_string(leg.lives));
    machine.name = leg.machine;
    machine.bios = leg.bios;
    machine.memory = leg.memory;
    machine.cpus = leg.cpus;
    const Outcome outcome = harness::run(machine);
    EXPECT_TRUE(vm::passed(outcome));
    for (unsigned life = 1; life <= leg.lives; ++life)
        EXPECT_EQ(harness::lines_with(outcome.console,
                                      "# life " + std::to_string(life) + " of " + std::to_string(leg.lives))
                      .size(),
                  1u);
    // The second life found live update 1, the third 2.
    for (unsigned number = 1; number < leg.lives; ++number)
        EXPECT_EQ(
            harness::lines_with(outcome.console, "LUO FDT # live update " + std::to_string(number)).size(),
            1u);
}

// bios-microvm.bin is SeaBIOS, or a link to qboot.rom, as on Debian.
constexpr const char *seabios = "", *microvm_bios = "bios-microvm.bin", *qboot = "qboot.rom";

const Leg machines[] = {
    {"MicrovmElf", "microvm", microvm_bios, Image::elf},
    {"MicrovmBzImage", "microvm", microvm_bios, Image::bzimage},
    {"MicrovmQbootBzImage", "microvm", qboot, Image::bzimage},
    {"PcElf", "pc", seabios, Image::elf},
    {"PcBzImage", "pc", seabios, Image::bzimage},
    {"Q35Elf", "q35", seabios, Image::elf},
    {"Q35BzImage", "q35", seabios, Image::bzimage},
};
INSTANTIATE_TEST_SUITE_P(Machines, Legs, testing::ValuesIn(machines),
                         [](const auto &test) { return std::string(test.param.name); });

const Leg sizes[] = {
    {"Microvm128M", "microvm", microvm_bios, Image::elf, "128M", 1},
    {"Microvm1G2Cpus", "microvm", microvm_bios, Image::elf, "1G", 2},
    {"Microvm3500M4Cpus", "microvm", microvm_bios, Image::elf, "3500M", 4},
    // With 1 MiB above 4 GiB, and with 2 MiB beside the global scratch area: too little for a file.
    {"Microvm3073M", "microvm", microvm_bios, Image::elf, "3073M", 1, 2},
    {"Microvm3090M", "microvm", microvm_bios, Image::elf, "3090M", 1, 2},
    {"Microvm8G4Cpus", "microvm", microvm_bios, Image::elf, "8G", 4},
    {"MicrovmQboot8G4Cpus", "microvm", qboot, Image::bzimage, "8G", 4},
    {"Pc128M", "pc", seabios, Image::bzimage, "128M", 1},
    {"Pc4G3Cpus", "pc", seabios, Image::elf, "4G", 3},
    {"Pc8G4Cpus", "pc", seabios, Image::bzimage, "8G", 4},
    {"Q35On128M", "q35", seabios, Image::elf, "128M", 1},
    {"Q35On4G4Cpus", "q35", seabios, Image::bzimage, "4G", 4},
    {"Q35On8G4Cpus", "q35", seabios, Image::elf, "8G", 4},
    {"SixLives", "microvm", microvm_bios, Image::elf, "256M", 1, 6},
};
INSTANTIATE_TEST_SUITE_P(Sizes, Legs, testing::ValuesIn(sizes),
                         [](const auto &test) { return std::string(test.param.name); });

TEST(Legs, PreserveMemoryAboveFourGib) {
    vm::Recorded recorded("8G");
    ASSERT_TRUE(vm::passed(recorded.outcome));
    const auto core = kho::ElfCore::open(recorded.file());
    ASSERT_TRUE(core.ok()) << core.error().message();
    const kho::RangeSet high = core.value().memory().intersect(
        kho::RangeSet({{kho::PhysAddr{std::uint64_t{4} << 30}, std::uint64_t{1} << 40}}));
    EXPECT_GT(high.bytes(), 1u << 20);
}

TEST(Legs, UnderKvm) {
    std::string why;
    if (!harness::kvm_works(why))
        GTEST_SKIP() << "KVM does not run a guest here: " << why.substr(0, 300);
    Machine machine = vm::machine(Image::elf, "lives=3");
    machine.cpus = 4;
    machine.more = {"-accel", "kvm"};
    EXPECT_TRUE(vm::passed(harness::run(machine)));
}

TEST(Legs, StartAnotherKernelThanTheMachinesOwn) {
    Machine machine = vm::machine(Image::elf, "lives=2");
    machine.device_options = "kernel=" + harness::payload_bzimage() + ",append=lives=2";
    EXPECT_TRUE(vm::passed(harness::run(machine)));
}

TEST(Legs, PassAnInitrdOn) {
    Machine machine = vm::machine(Image::bzimage, "lives=2");
    machine.initrd = harness::payload_elf();  // any file does
    EXPECT_TRUE(vm::passed(harness::run(machine)));
}

TEST(Legs, OneLifeIsAPassThatClaimsNoHandover) {
    const Outcome outcome = harness::run(vm::machine(Image::elf, "lives=1"));
    EXPECT_EQ(outcome.exit_status, 0) << outcome.report();
    EXPECT_EQ(vm::ktap_fault(outcome.console), "") << outcome.report();
    EXPECT_TRUE(harness::lines_with(outcome.console, "PASS payload -> payload").empty()) << outcome.report();
    EXPECT_EQ(harness::lines_with(outcome.console, "PASS payload: lives=1, nothing was handed over").size(),
              1u);
}

TEST(Legs, WithoutTheDeviceSayWhatIsMissingAndEndQemu) {
    for (const char *const name : {"microvm", "pc", "q35"})
        for (const Image image : {Image::elf, Image::bzimage})
            for (const bool debug_exit : {false, true}) {
                Machine machine = vm::machine(image, "lives=2");
                machine.name = name;
                if (machine.name != "microvm")
                    machine.bios.clear();
                machine.with_device = false;
                if (debug_exit)
                    machine.more = {"-device", "isa-debug-exit"};
                const Outcome outcome = harness::run(machine, 20);
                EXPECT_FALSE(outcome.timed_out) << name;
                EXPECT_EQ(outcome.exit_status, debug_exit ? 1 : 0) << name << outcome.report();
                const auto lines = harness::lines_with(outcome.console, "Bail out!");
                ASSERT_EQ(lines.size(), 1u) << outcome.report();
                EXPECT_NE(lines[0].find("-device kexec-handover"), std::string::npos) << lines[0];
            }
}

}  // namespace
