// SPDX-License-Identifier: GPL-2.0-or-later
// Whole legs by machine, and the emulated kexec against the sizes of RAM and of what is preserved, in a real
// QEMU.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "guest_image.h"
#include "qtest.h"
#include "tests/benchmark/cpu_time.h"
#include "tests/benchmark/run.h"

namespace {

using harness::GuestImage;
using harness::Machine;
using harness::QTest;
using kexec_handover::Register;

constexpr std::uint64_t mib = 1 << 20, gib = 1 << 30;

// What it takes to start QEMU, have the firmware start the payload, and end: the floor of every leg.
double bare_seconds() {
    Machine machine;
    machine.kernel = harness::payload_elf();
    machine.append = "crash=triple-fault";
    return harness::run(machine, 10).seconds;
}

// Each leg beside a bare start, so that the ratio holds when the speed of the host drifts.
void Leg(benchmark::State &state, Machine machine) {
    double bare = 0;
    for (auto _ : state) {
        const auto outcome = harness::run(machine);
        if (outcome.exit_status != 0)
            state.SkipWithError(("the leg failed:\n" + outcome.report()).c_str());
        state.SetIterationTime(outcome.seconds);
        bare += bare_seconds();
    }
    state.counters["bare_s"] = per_iteration(bare);
}

// 819 sessions of `files` empty files each, preserved, handed over, deserialized, retrieved and finished
// under emulation. What a file costs must not depend on how many there are.
void ManySessions(benchmark::State &state, unsigned files) {
    constexpr double sessions = 819;
    Machine machine;
    machine.memory = "1536M";
    machine.kernel = harness::payload_elf();
    machine.append = "lives=2 cycle=0 sessions=819 session-files=" + std::to_string(files);
    double total = 0;
    for (auto _ : state) {
        const auto outcome = harness::run(machine);
        if (outcome.exit_status != 0)
            state.SkipWithError(("the leg failed:\n" + outcome.report()).c_str());
        state.SetIterationTime(outcome.seconds);
        total += outcome.seconds;
    }
    state.counters["per_file_s"] = per_iteration(total / (sessions * files));
}

// The device's own clock for one kexec: `ram` MiB of memory, of which `preserved` MiB are handed over; all of
// RAM has been written by the guest if `touched`.
void Kexec(benchmark::State &state, std::uint64_t ram, std::uint64_t preserved, bool touched) {
    const std::uint64_t low = std::min(ram, std::uint64_t{2048}) * mib, high = ram * mib - low;
    Machine machine;
    machine.name = "pc,max-ram-below-4g=2G";
    machine.bios.clear();
    machine.memory = std::to_string(ram) + "M";
    machine.kernel = harness::payload_bzimage();
    for (auto _ : state) {
        QTest q(machine);
        GuestImage image(q, {.low_bytes = low, .high_bytes = high});
        if (touched) {
            q.fill(mib, low - mib, 1);
            if (high)
                q.fill(4 * gib, high, 1);
        }
        // In blocks of 2 MiB, from 64 MiB and from 4 GiB on.
        const std::uint64_t in_low = std::min(preserved * mib, low - 128 * mib),
                            in_high = preserved * mib - in_low;
        if (in_low)
            image.preserve(64 * mib, 9, static_cast<std::uint32_t>(in_low / (2 * mib)));
        if (in_high)
            image.preserve(4 * gib, 9, static_cast<std::uint32_t>(in_high / (2 * mib)));
        if (const auto status = image.ring(); status != kexec_handover::Status::ok)
            state.SkipWithError(("refused: " + q.property("last-error").get<std::string>()).c_str());
        const double seconds = static_cast<double>(q.read64(Register::kexec_nanoseconds)) * 1e-9;
        state.SetIterationTime(seconds);
        state.counters["poisoned_MiB"] = static_cast<double>(q.read64(Register::poisoned_bytes) / mib);
        state.counters["untouched_MiB"] = static_cast<double>(q.read64(Register::untouched_bytes) / mib);
        state.counters["preserved_MiB"] = static_cast<double>(q.read64(Register::preserved_bytes) / mib);
    }
}

Machine leg(const char *name, const char *bios, const std::string &kernel) {
    Machine machine;
    machine.name = name;
    machine.bios = bios;
    machine.kernel = kernel;
    machine.append = "lives=2";
    return machine;
}

template <typename... Arguments>
benchmark::internal::Benchmark *add(const std::string &name, int iterations, Arguments... arguments) {
    return benchmark::RegisterBenchmark(name.c_str(), arguments...)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond)
        ->Iterations(iterations);
}

}  // namespace

int main(int argc, char **argv) {
    const std::string elf = harness::payload_elf(), bzimage = harness::payload_bzimage();
    add("Leg/microvm", 2, Leg, leg("microvm", "bios-microvm.bin", elf));
    add("Leg/microvm-qboot", 2, Leg, leg("microvm", "qboot.rom", bzimage));
    add("Leg/pc", 1, Leg, leg("pc", "", elf));
    add("Leg/q35", 1, Leg, leg("q35", "", elf));
    for (const unsigned files : {32, 64, 128})
        add("ManySessions/819x" + std::to_string(files), 1, ManySessions, files);
    for (const std::uint64_t ram : {256, 1024, 2048, 4096, 8192}) {
        const std::string size = std::to_string(ram) + "M";
        add("Kexec/ram:" + size + "/untouched", 1, Kexec, ram, std::uint64_t{0}, false);
        add("Kexec/ram:" + size + "/touched", 1, Kexec, ram, std::uint64_t{0}, true);
    }
    for (const std::uint64_t preserved : {0, 64, 256, 1024, 4096})
        add("Kexec/ram:8192M/touched/preserved:" + std::to_string(preserved) + "M", 1, Kexec,
            std::uint64_t{8192}, preserved, true);
    return limits::run(argc, argv);
}
