// SPDX-License-Identifier: GPL-2.0-or-later
// The two lives of the agent: before the kexec and after it. Each ends the machine, or its kernel.
#pragma once

#include <string>

#include "guest/linux/report.h"

namespace agent {

// What the kernel's parameters say, agent.NAME=; guest/README.md describes them.
struct Parameters {
    enum class Then : std::uint8_t { kexec, pause, poweroff };

    std::string command_line;
    std::string scenario = "mixed";
    bool has_scenario = false;  // given, not the default
    unsigned stage = 1;
    Then then = Then::kexec;
    unsigned watchdog = 60;  // seconds

    // `why`: what cannot be understood.
    static Parameters from(std::string command_line, std::string &why);
};

[[noreturn]] void old_kernel(const Parameters &parameters);
[[noreturn]] void new_kernel(const Parameters &parameters);

// Lines of the kernel's log that report a defect of the kernel; the first of them, or nothing.
std::string kernel_complaint(const std::string &log);

// "3 sessions, 5 files, 12345 bytes"
struct Manifest;
std::string totals(const Manifest &manifest);
// "2 areas, 1 filled"
std::string areas(const Manifest &manifest);

}  // namespace agent
