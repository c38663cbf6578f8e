// SPDX-License-Identifier: GPL-2.0-or-later
// What main() of a benchmark program calls instead of BENCHMARK_MAIN().
#pragma once

#include <string>
#include <vector>

namespace limits {

// Runs what is registered, with the flags of Google Benchmark and
//   --list-limits    prints the limits of this program, measures nothing
//   --limits=FILE    another table than limits.json
// and then prints how each ratio of medians compares with its limit, to standard error. `absent` are benchmarks
// that limits may name although they are not registered: what they need is not on this host. Exit status:
//   0   all limits that could be measured are kept
//   1   one is exceeded by more than its noise, or a benchmark failed
//   2   the table or the command line is wrong: no such benchmark, no such counter
//   77  nothing is registered: it is all absent
int run(int argc, char **argv, const std::vector<std::string> &absent = {});

}  // namespace limits
