// SPDX-License-Identifier: GPL-2.0-or-later
#include "selftest_leg.h"

#include <cstdlib>

#include "guest/linux/initramfs.h"
#include "linux_guest.h"
#include "tests/temporary_folder.h"

namespace harness {
namespace {

constexpr const char *parameters = "console=ttyS0 printk.time=0 no_timer_check panic=-1 kho=on liveupdate=on";

std::string environment(const char *name) {
    const char *const text = std::getenv(name);
    return text ? text : "";
}

Selftests build() {
    const Outcome outcome =
        run_command({environment("KHO_LUO_SELFTESTS"), environment("KHO_LUO_SELFTESTS_FOLDER")}, 1000);
    const bool absent = outcome.exit_status == 77;
    return {.folder = environment("KHO_LUO_SELFTESTS_FOLDER") + "/bin",
            .absent = absent,
            .broken = !absent && outcome.exit_status != 0,
            .why = absent ? outcome.console.substr(0, outcome.console.find('\n')) : outcome.report()};
}

agent::Initramfs files(const std::string &program) {
    agent::Initramfs initramfs;
    for (const char *folder : {"dev", "proc", "debugfs"}) initramfs.folder(folder);
    initramfs.character_device("dev/console", 5, 1);
    initramfs.file("init", TemporaryFolder::contents(selftests().folder + "/init"), 0755);
    initramfs.file("test_binary", TemporaryFolder::contents(selftests().folder + "/" + program), 0755);
    return initramfs;
}

Machine machine() {
    Machine result;
    result.name = "q35";
    result.bios.clear();
    result.memory = "512M";
    result.more = {"-accel", "tcg"};
    return result;
}

}  // namespace

const Selftests &selftests() {
    static const Selftests built = build();
    return built;
}

Machine selftest_machine(const std::string &release, const std::string &program, const std::string &next,
                         const std::string &folder) {
    agent::Initramfs initramfs = files(program);
    const std::string second = initramfs.finish();
    initramfs.file("kernel", TemporaryFolder::contents(next));
    initramfs.file("initrd.img", second);
    Machine result = machine();
    result.kernel = linux_kernel(release);
    result.initrd = folder + "/initrd";
    TemporaryFolder::write(result.initrd, initramfs.finish());
    result.append = parameters;
    result.with_device = false;
    return result;
}

Machine selftest_replay(const std::string &recording, const std::string &release, const std::string &program,
                        const std::string &folder) {
    const std::string initrd = folder + "/second-initrd";
    TemporaryFolder::write(initrd, files(program).finish());
    Machine result = machine();
    result.kernel = payload_elf();
    result.device_options = "handover=" + recording + ",kernel=" + linux_kernel(release) +
                            ",initrd=" + initrd + ",append=" + parameters + " luo_stage=2";
    return result;
}

std::string selftest_fault(const Outcome &outcome) {
    std::string fault;
    if (outcome.timed_out)
        fault += "it did not end\n";
    for (const char *line :
         {"KHO: found kexec handover data", "KEXEC TEST PASSED", "INIT: Stage 2 completed successfully."})
        if (lines_with(outcome.console, line).size() != 1)
            fault += std::string("not once: ") + line + "\n";
    for (const char *line : {"WARNING: ", "BUG: ", "Oops", "Kernel panic", "not ok"})
        if (!lines_with(outcome.console, line).empty())
            fault += std::string("there is: ") + line + "\n";
    return fault.empty() ? fault : fault + outcome.report();
}

}  // namespace harness
