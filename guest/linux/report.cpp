// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/linux/report.h"

#include <sys/reboot.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "guest/linux/text.h"

namespace agent {

void say(std::string_view lines) {
    while (!lines.empty()) {
        const ssize_t n = write(STDOUT_FILENO, lines.data(), lines.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        lines.remove_prefix(static_cast<std::size_t>(n));
    }
    tcdrain(STDOUT_FILENO);
}

Report::Report(unsigned plan) : plan_(plan) { say(text("\nKTAP version 1\n1..%u\n", plan)); }

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
