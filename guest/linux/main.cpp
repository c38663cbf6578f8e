// SPDX-License-Identifier: GPL-2.0-or-later
// The agent: init of a real Linux that hands memory files over to the next kernel, and of that next kernel.
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

#include "guest/linux/agent_manifest.h"
#include "guest/linux/agent_text.h"
#include "guest/linux/life.h"
#include "guest/linux/parameters.h"
#include "guest/linux/report.h"
#include "guest/linux/system.h"

namespace agent {

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
