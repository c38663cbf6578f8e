// SPDX-License-Identifier: GPL-2.0-or-later
// The recording of Linux -> payload against a dump of the same memory by QEMU itself: the machine is kept
// when the payload gives its verdict, and nothing runs any more.
#include <chrono>
#include <cstdlib>
#include <thread>

#include "fdt/file/elf_core.h"
#include "fdt/file/image.h"
#include "guest.h"
#include "legs.h"
#include "payload_leg.h"
#include "tests/temporary_folder.h"

namespace {

void wait_until_it_stands_still(harness::Guest &guest) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (guest.qmp("query-status")["status"] != "shutdown") {
        ASSERT_LT(std::chrono::steady_clock::now(), limit);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

// A record of what differs, as `kho diff` finds it; its exit status says whether there is anything.
void expect_same_meaning(const std::string &recording, const std::string &dump) {
    const char *const tool = std::getenv("KHO_TOOL");
    ASSERT_TRUE(tool && *tool) << "KHO_TOOL is not set: run this through meson test";
    for (const char *how : {"--color=never", "--strict"}) {
        const harness::Outcome diff = harness::run_command({tool, "diff", how, recording, dump});
        EXPECT_EQ(diff.exit_status, 0) << how << "\n" << diff.report();
        EXPECT_EQ(diff.log, "") << how;
    }
}

void expect_same_bytes(const std::string &recording, const std::string &dump) {
    const auto core = kho::ElfCore::open(recording);
    ASSERT_TRUE(core) << core.error().message();
    const auto image = kho::Image::open(dump);
    ASSERT_TRUE(image) << image.error().message();
    std::uint64_t compared = 0;
    for (const kho::Range &range : core.value().memory().ranges()) {
        std::vector<std::byte> recorded(range.size), dumped(range.size);
        ASSERT_TRUE(core.value().read(range.start, recorded));
        ASSERT_TRUE(image.value().memory().read(range.start, dumped)) << std::hex << value(range.start);
        const auto at = std::ranges::mismatch(recorded, dumped).in1;
        ASSERT_EQ(at - recorded.begin(), static_cast<std::ptrdiff_t>(range.size))
            << "bytes differ from offset on, in the range at 0x" << std::hex << value(range.start);
        compared += range.size;
    }
    EXPECT_GT(compared, std::uint64_t{20} << 20);
}

class SameBytes : public testing::TestWithParam<Leg> {};

TEST_P(SameBytes, AreInTheRecordingAndInADumpOfTheSameMoment) {
    KERNEL_OR_SKIP(kernel, GetParam().release);
    const TemporaryFolder folder;
    const std::string recording = folder.file("recording"), dump = folder.file("dump");
    harness::Machine machine =
        harness::to_payload(GetParam().release, GetParam().scenario, folder.path(), "record=" + recording);
    machine.more.emplace_back("-no-shutdown");
    harness::Guest guest(machine);
    guest.wait_for("PASS Linux -> payload: ", 120);
    EXPECT_TRUE(harness::payload_verified(guest.console()));
    ASSERT_NO_FATAL_FAILURE(wait_until_it_stands_still(guest));
    guest.dump(dump);
    guest.qmp("quit");
    EXPECT_EQ(guest.finish(20).exit_status, 0);

    expect_same_bytes(recording, dump);
    expect_same_meaning(recording, dump);
}

constexpr Leg legs[] = {
    {"6.19", "mixed"}, {"7.0", "mixed"}, {"7.1", "mixed"}, {"7.2", "mixed"}, {"7.3", "mixed"}};
INSTANTIATE_TEST_SUITE_P(Linux, SameBytes, testing::ValuesIn(legs), name_of);

}  // namespace
