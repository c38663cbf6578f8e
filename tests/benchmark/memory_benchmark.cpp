// SPDX-License-Identifier: GPL-2.0-or-later
// What the device does to memory, beside the plainest thing that touches as many bytes, in one process.
#include <benchmark/benchmark.h>
#include <sys/mman.h>

#include <chrono>
#include <cstring>
#include <vector>

#include "plugin/checksum.h"
#include "plugin/host_pages.h"

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

template <typename Work>
double seconds(Work work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Runs both in turn, so that a machine whose speed drifts is fair to both; reports bandwidth of `ours` and
// the ratio of the two.
template <typename Ours, typename Plain>
void compare(benchmark::State &state, const char *ratio, Ours ours, Plain plain) {
    double ours_total = 0, plain_total = 0;
    for (auto _ : state) {
        const double t = seconds(ours);
        plain_total += seconds(plain);
        ours_total += t;
        state.SetIterationTime(t);
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(size) * static_cast<std::int64_t>(state.iterations()));
    state.counters[ratio] = plain_total / ours_total;
}

void PoisonOfTouchedMemory(benchmark::State &state) {
    GuestRam ram;
    std::memset(ram.at, 1, size);
    std::vector<qemu::HostRun> runs;
    compare(
        state, "poison/memset",
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
        state, "poison/memset",
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
        state, "checksum/memcpy",
        [&] { benchmark::DoNotOptimize(kexec_handover::take_checksums(ranges, visit)); },
        [&] { std::memcpy(copy.at, ram.at, size); });
}

BENCHMARK(PoisonOfTouchedMemory)->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(1);
BENCHMARK(PoisonOfUntouchedMemory)->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(0.3);
BENCHMARK(ChecksumOfPreservedMemory)->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(1);

}  // namespace

BENCHMARK_MAIN();
