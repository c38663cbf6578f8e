// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux_guest.h"

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <stdexcept>

#include "guest/linux/initramfs.h"
#include "tests/kernels_folder.h"
#include "tests/temporary_folder.h"

namespace harness {

std::string linux_kernel(const std::string &release) {
    const std::string folder = kernels_folder();
    if (folder.empty())
        return {};
    std::string path = folder + "/bzImage-" + release;
    return std::filesystem::exists(path) ? path : "";
}

std::string scenario_parameters(const std::string &scenario) {
    return scenario == "memblock" ? "reserve_mem=1M:4096:kho-one reserve_mem=20K:4096:kho-two" : "";
}

Machine linux_machine(const LinuxLeg &leg, const std::string &folder) {
    const std::string agent = TemporaryFolder::contents(linux_agent());
    std::string initrd = agent;
    if (!leg.next.empty()) {
        agent::Initramfs next;
        next.file("kernel", TemporaryFolder::contents(leg.next));
        if (leg.next_has_agent)
            next.file("initrd", agent);
        initrd += next.finish();
    }
    Machine machine;
    machine.name = "q35";
    machine.bios.clear();
    machine.memory = leg.memory;
    machine.kernel = leg.kernel;
    machine.initrd = folder + "/initrd";
    TemporaryFolder::write(machine.initrd, initrd);
    machine.append =
        "console=ttyS0 printk.time=0 log_buf_len=1M no_timer_check panic=-1 kho=on liveupdate=on "
        "agent.scenario=" +
        leg.scenario + " agent.then=" + leg.then + " " + scenario_parameters(leg.scenario) + " " + leg.append;
    machine.with_device = false;
    machine.more = {"-accel", "tcg"};
    return machine;
}

agent::Manifest manifest_on(const std::string &console) {
    constexpr std::string_view mark = "# manifest: ";
    std::string text;
    std::istringstream lines(console);
    for (std::string line; std::getline(lines, line);) {
        while (line.ends_with('\r')) line.pop_back();
        if (line.starts_with(mark))
            text += line.substr(mark.size()) + "\n";
    }
    unsigned line = 0;
    const std::optional<agent::Manifest> manifest = agent::manifest_from(text, &line);
    if (!manifest)
        throw std::runtime_error("line " + std::to_string(line) + " of the manifest is not understood\n" +
                                 console);
    return *manifest;
}

}  // namespace harness
