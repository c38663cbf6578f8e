// SPDX-License-Identifier: GPL-2.0-or-later
#include "run.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

#include "ratio_limits.h"

namespace limits {
namespace {

// Of a repetition. The field has another name and type in Google Benchmark from 1.8 on.
bool failed(const auto &run) {
    if constexpr (requires { run.error_occurred; })
        return run.error_occurred;
    else
        return static_cast<int>(run.skipped) != 0;
}

// The name with its arguments, without how often and by which clock it was measured.
std::string plain_name(std::string name) {
    for (const char *suffix : {"/min_time:", "/min_warmup_time:", "/iterations:", "/repeats:", "/manual_time",
                               "/process_time", "/real_time", "/threads:"})
        name.erase(std::min(name.find(suffix), name.size()));
    return name;
}

// Collects figures on their way to the reporter that prints them.
class Collector final : public benchmark::BenchmarkReporter {
public:
    Collector() : display_(*benchmark::CreateDefaultDisplayReporter()) {}

    bool ReportContext(const Context &context) override { return display_.ReportContext(context); }
    void Finalize() override { display_.Finalize(); }
    void ReportRuns(const std::vector<Run> &runs) override {
        for (const Run &run : runs) {
            const bool aggregate = run.run_type == Run::RT_Aggregate;
            if (failed(run))
                any_failed = true;
            // Without repetitions there are no medians, only the one run.
            else if (!aggregate || run.aggregate_name == "median")
                take(run, plain_name(run.run_name.str()), aggregate);
        }
        display_.ReportRuns(runs);
    }

    Figures figures;
    std::set<std::string> ran;
    bool any_failed = false;

private:
    void take(const Run &run, const std::string &name, bool replace) {
        const auto put = [&](const std::string &figure, double value) {
            if (replace)
                figures[figure] = value;
            else
                figures.emplace(figure, value);
        };
        ran.insert(name);
        put(name, run.GetAdjustedRealTime() / benchmark::GetTimeUnitMultiplier(run.time_unit));
        for (const auto &[counter, value] : run.counters)
            put(std::string(name).append("#").append(counter), value);
    }
    benchmark::BenchmarkReporter &display_;
};

// The names of all benchmarks, for which the library must believe that it was asked to list them.
std::set<std::string> registered(char *program) {
    struct Names final : benchmark::BenchmarkReporter {
        bool ReportContext(const Context &) override { return true; }
        void ReportRuns(const std::vector<Run> &) override {}
    } names;
    std::ostringstream out, err;
    names.SetOutputStream(&out);
    names.SetErrorStream(&err);
    char list[] = "--benchmark_list_tests=true";
    char *argv[] = {program, list, nullptr};
    int argc = 2;
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks(&names, nullptr, "all");
    std::set<std::string> result;
    std::istringstream lines(out.str());
    for (std::string line; std::getline(lines, line);) result.insert(plain_name(line));
    return result;
}

std::vector<Limit> read_limits(const std::string &path, const std::string &program) {
    std::ifstream file(path);
    if (!file)
        throw Malformed("cannot be read");
    const Table table = read_table({std::istreambuf_iterator<char>(file), {}});
    const auto found = table.expanded.find(program);
    if (found == table.expanded.end())
        throw Malformed("nothing is said about " + program);
    return found->second;
}

int run(std::vector<char *> arguments, const std::vector<std::string> &absent) {
    std::string path = LIMITS_JSON;
    bool only_list = false;
    std::erase_if(arguments, [&](const char *argument) {
        if (std::strcmp(argument, "--list-limits") == 0)
            return only_list = true;
        const bool table = std::strncmp(argument, "--limits=", 9) == 0;
        if (table)
            path = argument + 9;
        return table;
    });

    const std::set<std::string> names = registered(arguments[0]);
    std::set<std::string> known = names;
    known.insert(absent.begin(), absent.end());
    std::vector<Limit> limits;
    try {
        limits = read_limits(path, std::filesystem::path(arguments[0]).filename());
    } catch (const Malformed &e) {
        std::cerr << path << ": " << e.what() << '\n';
        return 2;
    }
    if (const auto unknown = unknown_benchmarks(limits, known); !unknown.empty()) {
        for (const std::string &line : unknown) std::cerr << path << ": " << line << '\n';
        return 2;
    }
    if (only_list) {
        list(std::cout, limits);
        return 0;
    }
    if (names.empty())
        return 77;

    // What stands behind takes precedence.
    char repetitions[] = "--benchmark_repetitions=5", measure[] = "--benchmark_list_tests=false";
    arguments.insert(arguments.begin() + 1, {repetitions, measure});
    int argc = static_cast<int>(arguments.size());
    arguments.push_back(nullptr);
    benchmark::Initialize(&argc, arguments.data());
    if (benchmark::ReportUnrecognizedArguments(argc, arguments.data()))
        return 2;
    Collector collector;
    try {
        if (benchmark::RunSpecifiedBenchmarks(&collector) == 0)
            return 2;
    } catch (const std::exception &e) {
        // What was measured before that still counts.
        std::cout.flush();
        std::cerr << "a benchmark failed: " << e.what() << '\n';
        collector.any_failed = true;
    }
    benchmark::Shutdown();
    if (collector.ran.empty())
        return collector.any_failed ? 1 : 0;
    std::cout.flush();
    std::cerr << '\n';
    return std::max(report(std::cerr, limits, collector.figures, collector.ran),
                    collector.any_failed ? 1 : 0);
}

}  // namespace

int run(int argc, char **argv, const std::vector<std::string> &absent) {
    return run(std::vector<char *>(argv, argv + argc), absent);
}

}  // namespace limits
