// SPDX-License-Identifier: GPL-2.0-or-later
// Real Linux kernels with the agent (guest/linux) as their init. The kernels are bzImage-6.19 ... in the
// folder that KHO_KERNELS names; a test that has none is skipped.
#pragma once

#include <string>
#include <vector>

#include "guest/linux/agent_manifest.h"
#include "qemu_process.h"

namespace harness {

// All that there is for this project, oldest first.
inline constexpr const char *linux_releases[] = {"6.19", "7.0", "7.1", "7.2", "7.3"};

// The release's bzImage; empty if it is not there.
std::string linux_kernel(const std::string &release);

// What the agent shall do, and with which kernel.
struct LinuxLeg {
    std::string kernel = {};         // bzImage
    std::string scenario = "mixed";  // see guest/README.md
    std::string then = "kexec";      // or pause, poweroff
    std::string next = {};           // the bzImage it kexecs; empty: none
    bool next_has_agent = true;      // whether that gets the agent too, for its second life
    std::string append = {};         // more parameters
    std::string memory = "512M";
};

// The machine of this leg, with an initramfs that is written to `folder`. No device of ours in it.
Machine linux_machine(const LinuxLeg &leg, const std::string &folder);

// What a scenario needs on the kernel's command line: reserve_mem= for memblock.
std::string scenario_parameters(const std::string &scenario);

// The manifest that the agent printed, of the first life on this console. Throws std::runtime_error if there
// is none.
agent::Manifest manifest_on(const std::string &console);

}  // namespace harness
