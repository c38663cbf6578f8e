// SPDX-License-Identifier: GPL-2.0-or-later
// The agent: init of a real Linux that hands memory files over to the next kernel, and of that next kernel.
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "guest/linux/life.h"
#include "guest/linux/manifest.h"
#include "guest/linux/scenario.h"
#include "guest/linux/system.h"
#include "guest/linux/text.h"

namespace agent {

namespace {

bool number(const std::string &text, unsigned &to) {
    const char *const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, to);
    return error == std::errc() && rest == end;
}

}  // namespace

Parameters Parameters::from(std::string command_line, std::string &why) {
    Parameters result;
    result.command_line = std::move(command_line);
    const auto get = [&](const char *key) { return parameter(result.command_line, key); };
    if (const auto scenario = get("agent.scenario")) {
        result.scenario = *scenario;
        result.has_scenario = true;
        if (!is_scenario(*scenario))
            why = "agent.scenario=" + *scenario + ": no such scenario";
    }
    if (const auto stage = get("agent.stage"))
        if (!number(*stage, result.stage) || (result.stage != 1 && result.stage != 2))
            why = "agent.stage=" + *stage + ": neither 1 nor 2";
    if (const auto seconds = get("agent.watchdog"))
        if (!number(*seconds, result.watchdog) || result.watchdog == 0)
            why = "agent.watchdog=" + *seconds + ": no number of seconds";
    if (const auto then = get("agent.then")) {
        if (*then == "pause")
            result.then = Then::pause;
        else if (*then == "poweroff")
            result.then = Then::poweroff;
        else if (*then != "kexec")
            why = "agent.then=" + *then + ": not kexec, pause or poweroff";
    }
    return result;
}

std::string kernel_complaint(const std::string &log) {
    for (const char *mark : {"WARNING: ", "BUG: ", "Oops: ", "UBSAN: ", "general protection fault",
                             "kernel BUG at", "Call Trace:"}) {
        const std::size_t at = log.find(mark);
        if (at == std::string::npos)
            continue;
        return log.substr(at, log.find('\n', at) - at);
    }
    return {};
}

std::string totals(const Manifest &manifest) {
    return text("%zu sessions, %llu files, %llu bytes", manifest.sessions.size(), ull(manifest.files()),
                ull(manifest.bytes()));
}

std::string areas(const Manifest &manifest) {
    const auto filled = std::count_if(manifest.reservations.begin(), manifest.reservations.end(),
                                      [](const ManifestReservation &r) { return r.seed.has_value(); });
    return text("%zu areas, %zu filled", manifest.reservations.size(), static_cast<std::size_t>(filled));
}

}  // namespace agent

int main() {
    using namespace agent;
    if (const std::string why = mount_all(); !why.empty())
        bail_out("mount " + why);
    const std::optional<std::string> command_line = read_file("/proc/cmdline");
    if (!command_line)
        bail_out("/proc/cmdline: " + name_of_error(errno));
    std::string why;
    const Parameters parameters = Parameters::from(*command_line, why);
    if (!why.empty())
        bail_out(why);
    start_watchdog(parameters.watchdog);
    // A session lives as long as its descriptor is open.
    const rlimit files{8192, 8192};
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        bail_out("setrlimit: " + name_of_error(errno));
    if (parameters.stage == 1)
        old_kernel(parameters);
    new_kernel(parameters);
}
