// SPDX-License-Identifier: GPL-2.0-or-later
// Time that hardly depends on what else the host does.
#pragma once

#include <benchmark/benchmark.h>

#include <ctime>

// Processor time of this process.
inline double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

template <typename Work>
double cpu_seconds_of(Work work) {
    const double before = cpu_seconds();
    work();
    return cpu_seconds() - before;
}

// Of what is measured beside a benchmark, in turn with it: for limits.json to divide by.
inline benchmark::Counter per_iteration(double seconds) {
    return benchmark::Counter(seconds, benchmark::Counter::kAvgIterations);
}
