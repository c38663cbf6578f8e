// SPDX-License-Identifier: GPL-2.0-or-later
// The agent's orders, agent.NAME=VALUE on the kernel's command line; guest/README.md describes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace agent {

struct Parameters {
    enum class Then : std::uint8_t { kexec, pause, poweroff };

    std::string command_line;
    std::string scenario = "mixed";
    bool has_scenario = false;  // given, not the default
    unsigned stage = 1;
    Then then = Then::kexec;
    unsigned watchdog = 60;  // seconds

    // `why`: what cannot be followed, or nothing.
    static Parameters from(std::string command_line, std::string &why);
};

// The value of key=value or key="value" among the parameters.
std::optional<std::string> parameter(std::string_view command_line, std::string_view key);
// The same command line with this value instead; appended if it was not there.
std::string with_parameter(std::string_view command_line, std::string_view key, std::string_view value);

}  // namespace agent
