// SPDX-License-Identifier: GPL-2.0-or-later
// What real kernels cost and what the project saves of it: a selftest of the kernel's over two kernels, the
// same with its second stage from a replay, and payload -> payload. They are run in turn, so that the ratios
// hold when the speed of the host drifts. The exit status is 1 if a limit is exceeded.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include "tests/harness/linux_guest.h"
#include "tests/harness/qemu_process.h"
#include "tests/linux/selftest_leg.h"
#include "tests/temporary_folder.h"

namespace {

constexpr unsigned rounds = 7, limit_seconds = 180;
constexpr double replay_limit = 0.4, payload_limit = 0.08;
constexpr const char *program = "luo_kexec_simple";

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

// Processor time of all QEMUs that have ended: it hardly depends on what else the host does.
double processor_seconds() {
    rusage usage{};
    getrusage(RUSAGE_CHILDREN, &usage);
    const auto seconds = [](const timeval &t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double seconds_of(const harness::Machine &machine, bool selftest) {
    const harness::Outcome outcome = harness::run(machine, limit_seconds);
    const std::string fault = selftest                   ? harness::selftest_fault(outcome)
                              : outcome.exit_status != 0 ? outcome.report()
                                                         : "";
    if (!fault.empty())
        throw std::runtime_error("a leg failed: " + fault);
    return outcome.seconds;
}

// Whether both limits are kept with this kernel.
bool measure(const std::string &release) {
    const TemporaryFolder folder;
    const std::string recording = folder.file("recording"), kernel = harness::linux_kernel(release);
    harness::Machine first =
        harness::selftest_machine(release, program, harness::payload_bzimage(), folder.path());
    first.with_device = true;
    first.device_options = "record=" + recording;
    seconds_of(first, false);

    const harness::Machine whole = harness::selftest_machine(release, program, kernel, folder.path());
    const harness::Machine replay = harness::selftest_replay(recording, release, program, folder.path());
    harness::Machine payload;
    payload.kernel = harness::payload_elf();
    payload.append = "lives=2";

    std::vector<double> whole_seconds, replay_seconds, payload_seconds, replay_ratios, payload_ratios,
        processor;
    for (unsigned round = 0; round < rounds; round++) {
        const double before = processor_seconds();
        whole_seconds.push_back(seconds_of(whole, true));
        const double between = processor_seconds();
        replay_seconds.push_back(seconds_of(replay, true));
        processor.push_back((processor_seconds() - between) / (between - before));
        payload_seconds.push_back(seconds_of(payload, false));
        replay_ratios.push_back(replay_seconds.back() / whole_seconds.back());
        payload_ratios.push_back(payload_seconds.back() / whole_seconds.back());
    }
    const double replay_ratio = median(replay_ratios), payload_ratio = median(payload_ratios);
    const bool kept = replay_ratio <= replay_limit && payload_ratio <= payload_limit;
    const auto [least, most] = std::ranges::minmax(replay_ratios);
    std::printf("%-6s %8.2f s %8.2f s %8.3f s %8.2f (%.2f to %.2f) %10.2f %8.3f   %s\n", release.c_str(),
                median(whole_seconds), median(replay_seconds), median(payload_seconds), replay_ratio, least,
                most, median(processor), payload_ratio, kept ? "kept" : "EXCEEDED");
    std::fflush(stdout);
    return kept;
}

}  // namespace

// Releases as arguments, or all that there are.
int main(int argc, char **argv) {
    const std::vector<std::string> asked(argv + 1, argv + argc);
    constexpr int skipped = 77;
    if (harness::selftests().absent) {
        std::printf("skipped: %s\n", harness::selftests().why.c_str());
        return skipped;
    }
    std::printf("%s, medians of %u rounds; limits: replay %.2f, payload %.2f of the whole run\n", program,
                rounds, replay_limit, payload_limit);
    std::printf("%-6s %10s %10s %10s %23s %10s %8s\n", "Linux", "whole", "replay", "payload", "replay/whole",
                "processor", "payload");
    unsigned measured = 0;
    bool kept = true;
    try {
        if (harness::selftests().broken)
            throw std::runtime_error(harness::selftests().why);
        for (const char *release : harness::linux_releases) {
            if (harness::linux_kernel(release).empty() ||
                (!asked.empty() && std::ranges::find(asked, release) == asked.end()))
                continue;
            measured++;
            kept = measure(release) && kept;
        }
    } catch (const std::runtime_error &e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
    if (measured == 0) {
        std::printf("skipped: KHO_KERNELS does not name a folder with kernels\n");
        return skipped;
    }
    return kept ? 0 : 1;
}
