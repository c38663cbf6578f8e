// SPDX-License-Identifier: GPL-2.0-or-later
#include "payload_leg.h"

#include "tests/vm/ktap.h"

namespace harness {
namespace {

constexpr const char *parameters =
    "console=ttyS0 printk.time=0 log_buf_len=1M no_timer_check panic=-1 kho=on liveupdate=on";

}  // namespace

Machine to_payload(const std::string &release, const std::string &scenario, const std::string &folder,
                   const std::string &device_options) {
    LinuxLeg leg;
    leg.kernel = linux_kernel(release);
    leg.scenario = scenario;
    leg.next = payload_bzimage();
    leg.next_has_agent = false;
    Machine machine = linux_machine(leg, folder);
    machine.with_device = true;
    machine.device_options = device_options;
    return machine;
}

std::string to_linux(const std::string &release) {
    return "kernel=" + linux_kernel(release) + ",initrd=" + linux_agent() + ",append=" + parameters +
           " agent.stage=2";
}

Machine replay(const std::string &recording, const std::string &release) {
    Machine machine;
    machine.name = "q35";
    machine.bios.clear();
    machine.memory = LinuxLeg{}.memory;
    machine.kernel = payload_elf();
    machine.device_options = "handover=" + recording + "," + to_linux(release);
    machine.more = {"-accel", "tcg"};
    return machine;
}

testing::AssertionResult payload_verified(const std::string &console) {
    if (lines_with(console, "ok 8 retrieve every file").size() != 1 ||
        lines_with(console, " files as written").size() != 1)
        return testing::AssertionFailure() << "the payload did not verify it\n" << console;
    return testing::AssertionSuccess();
}

testing::AssertionResult linux_verified(const Outcome &outcome, const agent::Manifest &manifest) {
    const std::string &console = outcome.console;
    const std::string totals = std::to_string(manifest.sessions.size()) + " sessions, " +
                               std::to_string(manifest.files()) + " files, " +
                               std::to_string(manifest.bytes()) + " bytes verified";
    const auto verdict = lines_with(console, "PASS Linux ");
    if (outcome.timed_out || verdict.size() != 1 || verdict[0].find(totals) == std::string::npos ||
        !lines_with(console, "FAIL ").empty() || !lines_with(console, "not ok").empty())
        return testing::AssertionFailure() << "expected PASS, " << totals << "\n" << outcome.report();
    // The agent's report is the last; its lines are from the kernel's boot on.
    const std::size_t last = console.rfind("Linux version ");
    if (const std::string fault = vm::ktap_fault(console.substr(last == std::string::npos ? 0 : last));
        !fault.empty())
        return testing::AssertionFailure() << fault << outcome.report();
    return testing::AssertionSuccess();
}

}  // namespace harness
