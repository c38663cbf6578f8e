// SPDX-License-Identifier: GPL-2.0-or-later
// What program_test runs: benchmarks that say what they took, so that nothing depends on the host.
#include <benchmark/benchmark.h>

#include <stdexcept>

#include "tests/benchmark/run.h"

namespace {

// Each repetition takes another time; the median of five is 2 s.
void Cost(benchmark::State &state) {
    static unsigned repetition = 0;
    constexpr double seconds[] = {100, 2, 1, 300, 1.5};
    for (auto _ : state) state.SetIterationTime(seconds[repetition++ % 5]);
    state.counters["plain_s"] = 1;
}
BENCHMARK(Cost)->ArgName("files")->Arg(3)->UseManualTime()->Iterations(1)->Unit(benchmark::kMillisecond);

void Other(benchmark::State &state) {
    for (auto _ : state) state.SetIterationTime(4);
}
BENCHMARK(Other)->UseManualTime()->Iterations(1)->Unit(benchmark::kMicrosecond);

// The third repetition only.
void FailsOnce(benchmark::State &state) {
    static unsigned repetition = 0;
    for (auto _ : state) state.SetIterationTime(1);
    if (repetition++ % 5 == 2)
        state.SkipWithError("made up");
}
BENCHMARK(FailsOnce)->UseManualTime()->Iterations(1);

void Throws(benchmark::State &state) {
    for (auto _ : state) throw std::runtime_error("made up too");
}
BENCHMARK(Throws)->Iterations(1);

}  // namespace

int main(int argc, char **argv) { return limits::run(argc, argv, {"Absent"}); }
