// SPDX-License-Identifier: GPL-2.0-or-later
// What the device does to memory, beside the plainest thing that touches as many bytes, in one process.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <cstring>
#include <vector>

#include "plugin/checksum.h"
#include "plugin/host_pages.h"
#include "tests/benchmark/cpu_time.h"
#include "tests/benchmark/run.h"

namespace {

constexpr std::size_t size = 512 << 20;

// Guest memory as QEMU makes it: private, anonymous, huge pages welcome.
struct GuestRam {
    std::byte *at = static_cast<std::byte *>(
        mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    GuestRam() { madvise(at, size, MADV_HUGEPAGE); }
    ~GuestRam() { munmap(at, size); }
    GuestRam(const GuestRam &) = delete;
    GuestRam &operator=(const GuestRam &) = delete;
};

// Runs both in turn, so that a machine whose speed drifts is fair to both; reports bandwidth of `ours`, and the
// time of `plain` under a name.
template <typename Ours, typename Plain>
void compare(benchmark::State &state, const char *name, Ours ours, Plain plain) {
    double plain_total = 0;
    for (auto _ : state) {
        const double t = cpu_seconds_of(ours);
        plain_total += cpu_seconds_of(plain);
        state.SetIterationTime(t);
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(size) * static_cast<std::int64_t>(state.iterations()));
    state.counters[name] = per_iteration(plain_total);
}

void PoisonOfTouchedMemory(benchmark::State &state) {
    GuestRam ram;
    std::memset(ram.at, 1, size);
    std::vector<qemu::HostRun> runs;
    compare(
        state, "memset_s",
        [&] {
            runs.clear();
            qemu::find_touched({ram.at, size}, runs);
            for (const qemu::HostRun &run : runs) std::memset(ram.at + run.offset, 0xcc, run.size);
        },
        [&] { std::memset(ram.at, 0xdd, size); });
}

// Memory that the guest never wrote costs a look at the page tables.
void PoisonOfUntouchedMemory(benchmark::State &state) {
    GuestRam untouched, touched;
    std::memset(touched.at, 1, size);
    std::vector<qemu::HostRun> runs;
    compare(
        state, "memset_s",
        [&] {
            runs.clear();
            qemu::find_touched({untouched.at, size}, runs);
            if (!runs.empty())
                state.SkipWithError("untouched memory was found touched");
        },
        [&] { std::memset(touched.at, 0xdd, size); });
}

void ChecksumOfPreservedMemory(benchmark::State &state) {
    GuestRam ram, copy;
    std::memset(ram.at, 1, size);
    std::memset(copy.at, 1, size);
    const kho::RangeSet ranges({{kho::PhysAddr{0}, size}});
    const auto visit = [&](kho::Range range, const kexec_handover::Machine::Sink &sink) {
        return sink({ram.at + value(range.start), range.size});
    };
    compare(
        state, "memcpy_s", [&] { benchmark::DoNotOptimize(kexec_handover::take_checksums(ranges, visit)); },
        [&] { std::memcpy(copy.at, ram.at, size); });
}

BENCHMARK(PoisonOfTouchedMemory)->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(0.2);
// A minimum of time would be filled by the memset beside it.
BENCHMARK(PoisonOfUntouchedMemory)->UseManualTime()->Unit(benchmark::kMillisecond)->Iterations(5);
BENCHMARK(ChecksumOfPreservedMemory)->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(0.2);

}  // namespace

int main(int argc, char **argv) { return limits::run(argc, argv); }
