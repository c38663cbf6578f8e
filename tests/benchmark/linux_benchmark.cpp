// SPDX-License-Identifier: GPL-2.0-or-later
// What real kernels cost and what the project saves of it: a selftest of the kernel's over two kernels, the
// same with its second stage from a replay, and payload -> payload. They are run in turn, so that the ratios
// hold when the speed of the host drifts.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/benchmark/cpu_time.h"
#include "tests/benchmark/run.h"
#include "tests/harness/linux_guest.h"
#include "tests/harness/qemu_process.h"
#include "tests/linux/selftest_leg.h"
#include "tests/temporary_folder.h"

namespace {

constexpr unsigned limit_seconds = 180;
constexpr const char *program = "luo_kexec_simple";

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

// The three machines of a release. What the replay puts in place is recorded first, once for all repetitions.
struct Machines {
    explicit Machines(const std::string &release) {
        const std::string recording = folder.file("recording");
        harness::Machine first =
            harness::selftest_machine(release, program, harness::payload_bzimage(), folder.path());
        first.with_device = true;
        first.device_options = "record=" + recording;
        seconds_of(first, false);
        whole = harness::selftest_machine(release, program, harness::linux_kernel(release), folder.path());
        replay = harness::selftest_replay(recording, release, program, folder.path());
        payload.kernel = harness::payload_elf();
        payload.append = "lives=2";
    }
    TemporaryFolder folder;
    harness::Machine whole, replay, payload;
};

// Its time is that of the whole run.
void Selftest(benchmark::State &state, const std::string &release) {
    static std::map<std::string, Machines> made;
    double replay = 0, payload = 0, whole_cpu = 0, replay_cpu = 0;
    try {
        if (harness::selftests().broken)
            throw std::runtime_error(harness::selftests().why);
        const Machines &machines = made.try_emplace(release, release).first->second;
        for (auto _ : state) {
            const double before = processor_seconds();
            state.SetIterationTime(seconds_of(machines.whole, true));
            const double between = processor_seconds();
            replay += seconds_of(machines.replay, true);
            whole_cpu += between - before;
            replay_cpu += processor_seconds() - between;
            payload += seconds_of(machines.payload, false);
        }
    } catch (const std::runtime_error &e) {
        state.SkipWithError(e.what());
    }
    state.counters["replay_s"] = per_iteration(replay);
    state.counters["payload_s"] = per_iteration(payload);
    state.counters["whole_cpu_s"] = per_iteration(whole_cpu);
    state.counters["replay_cpu_s"] = per_iteration(replay_cpu);
}

}  // namespace

int main(int argc, char **argv) {
    std::vector<std::string> absent;
    std::string why = "KHO_KERNELS does not name a folder with kernels";
    for (const std::string release : harness::linux_releases) {
        const std::string name = "Selftest/" + release;
        const bool kernel = !harness::linux_kernel(release).empty();
        if (kernel && harness::selftests().absent)
            why = harness::selftests().why;
        if (!kernel || harness::selftests().absent)
            absent.push_back(name);
        else
            benchmark::RegisterBenchmark(name.c_str(), Selftest, release)
                ->UseManualTime()
                ->Unit(benchmark::kMillisecond)
                ->Iterations(1);
    }
    const int status = limits::run(argc, argv, absent);
    if (status == 77)
        std::printf("skipped: %s\n", why.c_str());
    return status;
}
