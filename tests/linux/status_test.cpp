// SPDX-License-Identifier: GPL-2.0-or-later
// QEMU's exit status of runs that end well and of runs that go wrong in each way that a user can get them
// wrong: harness::run() throws if status and console disagree, whichever guest gives the verdict.
#include "legs.h"
#include "payload_leg.h"
#include "tests/temporary_folder.h"

namespace {

using harness::Machine;
using harness::Outcome;

class Status : public testing::Test {
protected:
    void SetUp() override {
        for (const char *const release : {"6.19", "7.0", "7.3"})
            if (harness::linux_kernel(release).empty())
                GTEST_SKIP() << "KHO_KERNELS does not name a folder with bzImage-" << release;
    }

    Machine record(const std::string &release, const std::string &options = "") {
        return harness::to_payload(release, "one", folder.path(), options);
    }
    std::string recorded_by(const std::string &release) {
        const std::string file = folder.file(release + ".core");
        expect(0, record(release, "record=" + file));
        return file;
    }
    static void replace(std::string &text, const std::string &part, const std::string &by) {
        const std::size_t at = text.find(part);
        ASSERT_NE(at, std::string::npos) << part;
        text.replace(at, part.size(), by);
    }
    // `proof`: a part of the console that shows why.
    static void expect(int status, const Machine &machine, const std::string &proof = "PASS ") {
        const Outcome outcome = harness::run(machine, 120);
        EXPECT_EQ(outcome.exit_status, status) << outcome.report();
        EXPECT_FALSE(harness::lines_with(outcome.console, proof).empty()) << proof << outcome.report();
    }

    const TemporaryFolder folder;
};

TEST_F(Status, OfRecording) {
    Machine machine = record("7.3");
    replace(machine.append, "liveupdate=on", "liveupdate=off");
    expect(1, machine, "FAIL Linux 7.3");
    machine = record("7.3");
    replace(machine.append, "agent.scenario=one", "agent.scenario=nonsense");
    expect(1, machine, "no such scenario");
    machine = record("7.3");
    machine.initrd = harness::linux_agent();  // without a kernel to start
    expect(1, machine, "next kernel: ENOENT");
    machine = record("7.3");
    machine.initrd.clear();
    expect(1, machine, "Kernel panic");
    machine = record("7.3");
    replace(machine.append, "agent.then=kexec", "agent.then=poweroff");
    expect(0, machine);
    machine = record("7.3", harness::to_linux("7.3"));
    expect(0, machine, "PASS Linux 7.3");
    // A kernel that another kernel starts, without the payload between them.
    harness::LinuxLeg leg;
    leg.kernel = leg.next = harness::linux_kernel("7.3");
    leg.scenario = "one";
    machine = harness::linux_machine(leg, folder.path());
    machine.with_device = true;
    expect(0, machine, "PASS Linux 7.3");
}

TEST_F(Status, OfReplaying) {
    const std::string recording = recorded_by("7.3");
    expect(0, harness::replay(recording, "7.3"));
    expect(1, harness::replay(recording, "6.19"), "FAIL Linux 6.19");
    Machine machine = harness::replay(recording, "7.3");
    replace(machine.device_options, "liveupdate=on", "liveupdate=off");
    expect(1, machine, "FAIL Linux 7.3");
    machine = harness::replay(recording, "7.3");
    replace(machine.device_options, "agent.stage=2", "");
    expect(1, machine, "FAIL Linux 7.3");
    machine = harness::replay(recording, "7.3");
    replace(machine.device_options, harness::linux_agent(), harness::payload_bzimage());
    expect(1, machine, "Kernel panic");
    machine = harness::replay(recording, "7.3");
    replace(machine.device_options, "agent.stage=2", "agent.stage=2 init=/nothing rdinit=/nothing");
    expect(1, machine, "Kernel panic");
    expect(1, harness::replay(recorded_by("6.19"), "7.0"), "Kernel panic");
}

// A kernel without a way to the device, and images that give no verdict.
TEST_F(Status, WithoutAVerdict) {
    const std::string recording = recorded_by("7.3");
    Machine machine = harness::replay(recording, "7.3");
    machine.kernel = harness::payload_elf();
    machine.device_options += " panic=-1";
    replace(machine.device_options, "initrd=" + harness::linux_agent() + ",", "");
    expect(1, machine, "Kernel panic");
    machine.device_options = "verdict=optional," + machine.device_options;
    const Outcome outcome = harness::run_command(machine.arguments(), 120);
    EXPECT_EQ(outcome.exit_status, 0) << outcome.report();
}

}  // namespace
