// SPDX-License-Identifier: GPL-2.0-or-later
// What the agent says: a KTAP document (version 1) for each life, and as the last line the verdict. The lines
// go into the kernel's log and from there to the console: kernels print from a thread of their own, and what
// is written to the console directly ends up inside of their lines.
#pragma once

#include <string>
#include <string_view>

namespace agent {

void say(std::string_view lines);  // each as it is

class Report {
public:
    // Results are as many as the plan says, or the life has failed.
    explicit Report(unsigned plan);

    // A result. `detail`: what was measured, or why not.
    bool result(bool passed, std::string_view name, std::string_view detail = {});
    // A line that begins with #.
    static void note(std::string_view line);

    bool passed() const { return first_failure_.empty() && results_ == plan_; }
    // What failed first, with its reason.
    const std::string &first_failure() const { return first_failure_; }

private:
    unsigned plan_, results_ = 0;
    std::string first_failure_;
};

// "ENOENT" of an errno, negative as system calls and the kernel have it, or positive.
std::string name_of_error(int error);

// Says "PASS what" or "FAIL what", also to the kexec-handover device if there is one, and turns the machine
// off.
[[noreturn]] void end(bool passed, std::string_view what);
[[noreturn]] void bail_out(std::string_view why);

// From now on the machine is turned off after so many seconds, with the verdict failed: by a process of its
// own, since this one may be stuck in the kernel.
void start_watchdog(unsigned seconds);

}  // namespace agent
