// SPDX-License-Identifier: GPL-2.0-or-later
// The judge of a handover is a real kernel: what the payload preserved and the device wrote, given to Linux.
// Needs kernels, which KHO_KERNELS names a folder of (bzImage-6.19 ...).
#include <algorithm>

#include "fdt/predict/predict.h"
#include "fdt/read/reader.h"
#include "linux_guest.h"
#include "vm.h"

namespace {

using harness::Machine;
using harness::Outcome;
using vm::Image;

// There is no user space for it: once past its early boot it panics, and the machine ends. Without test
// files, which no Linux has a handler for.
Outcome hand_to(const std::string &path, const std::string &format, const std::string &record) {
    Machine machine = vm::machine(Image::elf, "lives=2 scratch=256M cycle=0");
    machine.name = "q35";
    machine.bios.clear();
    machine.memory = "1G";
    machine.device_options = "release=" + format + ",record=" + record + ",kernel=" + path +
                             ",append=console=ttyS0 no_timer_check kho=on liveupdate=on panic=-1";
    return harness::run(machine, 120);
}

// What this release makes of a recording, says the library. Nothing may be wrong with what the device writes.
kho::Fate predicted(const std::string &recording, const std::string &release) {
    const auto core = kho::ElfCore::open(recording);
    if (!core) {
        ADD_FAILURE() << core.error().message();
        return {};
    }
    kho::Findings findings;
    const kho::Handover handover = kho::read_handover(core.value(), core.value().header().data, findings);
    for (const kho::Finding &finding : findings.list()) ADD_FAILURE() << finding.message();
    return kho::predict(handover, findings, *kho::find_release(release)).fate;
}

struct Consumer {
    const char *format;
    const char *version;
    kho::Fate fate;
    const char *proof;  // of it, on its console
};
void PrintTo(const Consumer &consumer, std::ostream *out) {
    *out << "format " << consumer.format << " to " << consumer.version;
}

class Linux : public testing::TestWithParam<Consumer> {};

TEST_P(Linux, DoesWithOurHandoverWhatItIsKnownTo) {
    const std::string path = harness::linux_kernel(GetParam().version);
    if (path.empty())
        GTEST_SKIP() << "KHO_KERNELS does not name a folder with bzImage-" << GetParam().version;
    const TemporaryFolder folder;
    const std::string recording = folder.file("handover.core");
    const Outcome outcome = hand_to(path, GetParam().format, recording);
    EXPECT_EQ(predicted(recording, GetParam().version), GetParam().fate);
    EXPECT_FALSE(outcome.timed_out);
    for (const char *line : {"Linux version ", "KHO: found kexec handover data.", GetParam().proof})
        EXPECT_FALSE(harness::lines_with(outcome.console, line).empty()) << line << "\n" << outcome.report();
    EXPECT_TRUE(harness::lines_with(outcome.console, "WARNING").empty()) << outcome.report();
}

constexpr const char *accepted = "luo: Retrieved live update data, liveupdate number: 1";
constexpr Consumer consumers[] = {
    {"6.19", "6.19", kho::Fate::accepted, accepted},
    // Same version strings, but it insists on a node that 6.19 does not write.
    {"6.19", "7.0", kho::Fate::panic, "luo: Unable to get FLB node"},
    // Which 6.19 passes over if it is there.
    {"7.0", "6.19", kho::Fate::accepted, accepted},
    {"7.0", "7.0", kho::Fate::accepted, accepted},
};
INSTANTIATE_TEST_SUITE_P(Releases, Linux, testing::ValuesIn(consumers), [](const auto &test) {
    std::string name = std::string("Format") + test.param.format + "To" + test.param.version;
    std::ranges::replace(name, '.', '_');
    return name;
});

}  // namespace
