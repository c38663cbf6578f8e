// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/linux/report.h"

#include <fcntl.h>
#include <sys/reboot.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "guest/linux/agent_text.h"
#include "guest/linux/descriptor.h"
#include "guest/linux/verdict.h"

namespace agent {

namespace {

// Without a newline at its end the kernel holds a record back, since more might follow on the same line.
// An open file may only write ten records in five seconds, unless printk.devkmsg=on: so each line opens its
// own.
bool log(std::string_view line) {
    const Descriptor kmsg(open("/dev/kmsg", O_WRONLY | O_CLOEXEC));
    const std::string record = "<5>" + std::string(line) + "\n";
    return kmsg && write(kmsg.fd(), record.data(), record.size()) == static_cast<ssize_t>(record.size());
}

// Standard output is the console. If that fails too there is no way to report it.
void print(std::string_view line) {
    const std::string ended = std::string(line) + "\n";
    [[maybe_unused]] const ssize_t written = write(STDOUT_FILENO, ended.data(), ended.size());
}

}  // namespace

void say(std::string_view lines) {
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        if (!log(line))
            print(line);
    }
}

Report::Report(unsigned plan) : plan_(plan) { say(text("KTAP version 1\n1..%u\n", plan)); }

bool Report::result(bool passed, std::string_view name, std::string_view detail) {
    results_++;
    std::string line = text("%s %u ", passed ? "ok" : "not ok", results_) + std::string(name);
    if (!detail.empty())
        line += " # " + std::string(detail);
    say(line + "\n");
    if (!passed && first_failure_.empty())
        first_failure_ = std::string(name) + (detail.empty() ? "" : ": " + std::string(detail));
    return passed;
}

void Report::note(std::string_view line) { say("# " + std::string(line) + "\n"); }

std::string name_of_error(int error) {
    const char *const name = strerrorname_np(std::abs(error));
    return name ? name : text("error %d", error);
}

void end(bool passed, std::string_view what) {
    if (const std::string why = give_verdict(passed); !why.empty())
        Report::note(why);
    say(std::string(passed ? "PASS " : "FAIL ") + std::string(what) + "\n");
    reboot(RB_POWER_OFF);
    say(text("# power off: %s\n", name_of_error(errno).c_str()));
    reboot(RB_AUTOBOOT);
    for (;;) pause();
}

void bail_out(std::string_view why) {
    say("Bail out! " + std::string(why) + "\n");
    end(false, why);
}

void start_watchdog(unsigned seconds) {
    const pid_t child = fork();
    if (child < 0)
        bail_out("fork: " + name_of_error(errno));
    if (child > 0)
        return;
    while (seconds > 0) seconds = sleep(seconds);
    bail_out("watchdog: the time is over");
}

}  // namespace agent
