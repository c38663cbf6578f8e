// SPDX-License-Identifier: GPL-2.0-or-later
// The limits in limits.json, and the verdict on what a benchmark program measured. A limit is for the ratio of
// two figures of one run: a time alone says more of the host than of this project.
#pragma once

#include <iosfwd>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace limits {

// The table is not one.
struct Malformed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// `cost` divided by `of` is at most `limit`, as far as `noise` lets one say. Both name a figure: BENCHMARK is its
// time, BENCHMARK#COUNTER one of its counters.
struct Limit {
    std::string name;
    std::string cost, of;
    double limit = 0;
    double noise = 0;  // percent of the limit
    std::string why;

    double highest() const { return limit * (1 + noise / 100); }
};

// What `{}` in `cost` and `of` stands for, if there are several: "name [value]" is the name of each.
std::vector<Limit> expand(const Limit &limit, const std::vector<std::string> &each);

// By program. As written: an entry of the table for a README, or with `each` applied for a program.
struct Table {
    std::map<std::string, std::vector<Limit>> written, expanded;
};
Table read_table(const std::string &json);

// The benchmark that a figure is of.
std::string benchmark_of(const std::string &figure);

// Figures by name: medians of the repetitions.
using Figures = std::map<std::string, double>;

enum class Verdict {
    ok,
    exceeded,
    not_measured,  // one of the two benchmarks did not run
    no_figure,     // both ran, and one has no such counter, or it cannot be divided
};

struct Ratio {
    Verdict verdict;
    double measured = 0;  // if ok or exceeded
};

// `ran` are the benchmarks that were measured.
Ratio judge(const Limit &limit, const Figures &figures, const std::set<std::string> &ran);

// Benchmarks that the limits name and that are not among these, each with the name of the limit.
std::vector<std::string> unknown_benchmarks(const std::vector<Limit> &limits,
                                            const std::set<std::string> &benchmarks);

// Prints a line for each limit. Returns 0, 1 if a limit is exceeded, 2 if a figure is missing.
int report(std::ostream &out, const std::vector<Limit> &limits, const Figures &figures,
           const std::set<std::string> &ran);

// The same without what was measured, with the reasons.
void list(std::ostream &out, const std::vector<Limit> &limits);

}  // namespace limits
