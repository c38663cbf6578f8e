// SPDX-License-Identifier: GPL-2.0-or-later
// The judge of a handover is a real kernel: what the payload preserved and the device wrote, given to Linux.
// Needs kernels, which KHO_KERNELS names a folder of (bzImage-6.19 ...).
#include "vm.h"

namespace {

using harness::Machine;
using harness::Outcome;
using vm::Image;

// Empty if there is no such kernel.
std::string kernel(const std::string &version) {
    const char *folder = std::getenv("KHO_KERNELS");
    const std::string path = std::string(folder ? folder : "") + "/bzImage-" + version;
    return folder && std::filesystem::exists(path) ? path : "";
}

// There is no user space for it: once past its early boot it panics, and the machine ends.
Outcome hand_to(const std::string &path) {
    Machine machine = vm::machine(Image::elf, "lives=2 scratch=256M");
    machine.name = "q35";
    machine.bios.clear();
    machine.memory = "1G";
    machine.device_options = "kernel=" + path + ",append=console=ttyS0 kho=on liveupdate=on panic=-1";
    return harness::run(machine, 120);
}

struct Consumer {
    const char *version;
    const char *proof;  // on its console
};
void PrintTo(const Consumer &consumer, std::ostream *out) { *out << consumer.version; }

class Linux : public testing::TestWithParam<Consumer> {};

TEST_P(Linux, DoesWithTheHandoverOfFormat619WhatItIsKnownTo) {
    const std::string path = kernel(GetParam().version);
    if (path.empty())
        GTEST_SKIP() << "KHO_KERNELS does not name a folder with bzImage-" << GetParam().version;
    const Outcome outcome = hand_to(path);
    EXPECT_FALSE(outcome.timed_out);
    for (const char *line : {"Linux version ", "KHO: found kexec handover data.", GetParam().proof})
        EXPECT_FALSE(harness::lines_with(outcome.console, line).empty()) << line << "\n" << outcome.report();
    EXPECT_TRUE(harness::lines_with(outcome.console, "WARNING").empty()) << outcome.report();
}

constexpr Consumer consumers[] = {
    {"6.19", "luo: Retrieved live update data, liveupdate number: 1"},
    // Same version strings, but it insists on a node that 6.19 does not write.
    {"7.0", "luo: Unable to get FLB node"},
};
INSTANTIATE_TEST_SUITE_P(Releases, Linux, testing::ValuesIn(consumers), [](const auto &test) {
    std::string name = test.param.version;
    name[name.find('.')] = '_';
    return name;
});

}  // namespace
