// SPDX-License-Identifier: GPL-2.0-or-later
// The judge of a handover is a real kernel: what the payload preserved and the device wrote, given to Linux.
// Needs kernels, which KHO_KERNELS names a folder of (bzImage-6.19 ...).
#include <algorithm>

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

// There is no user space for it: once past its early boot it panics, and the machine ends. Without test
// files, which no Linux has a handler for.
Outcome hand_to(const std::string &path, const std::string &format) {
    Machine machine = vm::machine(Image::elf, "lives=2 scratch=256M cycle=0");
    machine.name = "q35";
    machine.bios.clear();
    machine.memory = "1G";
    machine.device_options =
        "release=" + format + ",kernel=" + path + ",append=console=ttyS0 kho=on liveupdate=on panic=-1";
    return harness::run(machine, 120);
}

struct Consumer {
    const char *format;
    const char *version;
    const char *proof;  // on its console
};
void PrintTo(const Consumer &consumer, std::ostream *out) {
    *out << "format " << consumer.format << " to " << consumer.version;
}

class Linux : public testing::TestWithParam<Consumer> {};

TEST_P(Linux, DoesWithOurHandoverWhatItIsKnownTo) {
    const std::string path = kernel(GetParam().version);
    if (path.empty())
        GTEST_SKIP() << "KHO_KERNELS does not name a folder with bzImage-" << GetParam().version;
    const Outcome outcome = hand_to(path, GetParam().format);
    EXPECT_FALSE(outcome.timed_out);
    for (const char *line : {"Linux version ", "KHO: found kexec handover data.", GetParam().proof})
        EXPECT_FALSE(harness::lines_with(outcome.console, line).empty()) << line << "\n" << outcome.report();
    EXPECT_TRUE(harness::lines_with(outcome.console, "WARNING").empty()) << outcome.report();
}

constexpr const char *accepted = "luo: Retrieved live update data, liveupdate number: 1";
constexpr Consumer consumers[] = {
    {"6.19", "6.19", accepted},
    // Same version strings, but it insists on a node that 6.19 does not write.
    {"6.19", "7.0", "luo: Unable to get FLB node"},
    // Which 6.19 passes over if it is there.
    {"7.0", "6.19", accepted},
    {"7.0", "7.0", accepted},
};
INSTANTIATE_TEST_SUITE_P(Releases, Linux, testing::ValuesIn(consumers), [](const auto &test) {
    std::string name = std::string("Format") + test.param.format + "To" + test.param.version;
    std::ranges::replace(name, '.', '_');
    return name;
});

}  // namespace
