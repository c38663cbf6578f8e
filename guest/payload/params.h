// SPDX-License-Identifier: GPL-2.0-or-later
// The payload's parameters, written as Linux has them: NAME=VALUE, values may be in double quotes.
// guest/README.md has the table.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace guest {

struct Params {
    static constexpr std::uint64_t max_lives = 1000;

    std::uint64_t lives = 2;          // kernels in a row, this one included
    std::uint64_t scratch = 0;        // bytes of the low area, 0: by RAM size
    std::uint64_t files = 0;          // bytes of the large files, 0: by RAM size
    std::uint64_t sessions = 0;       // beside the usual ones
    std::uint64_t watchdog = 60;      // seconds
    std::uint64_t session_files = 1;  // in each of those
    bool strict = true;
    bool linux_flbs = false;          // what a Linux with LIVEUPDATE_TEST expects
    bool manifest = false;            // a session that says what the others must hold
    bool cycle = true;                // test files and FLBs, beside memory files
    std::string_view break_case;      // name of the case, empty: none
    std::string_view crash;           // way to die, empty: none
    std::string_view expect;          // name of the status with which the kexec shall be refused
    std::string_view forget_session;  // empty: nothing is forgotten
    std::uint64_t forget_token = 0;
    std::uint64_t forget_page = 0;

    // Values refer to `command_line`. What is not understood is counted; the first is kept for a note.
    static Params parse(std::string_view command_line);
    unsigned not_understood = 0;
    std::string_view first_not_understood;
};

// "0x" for hexadecimal, suffixes K, M, G. Nothing if it is not such a number or does not fit.
std::optional<std::uint64_t> parse_number(std::string_view text);

}  // namespace guest
