// SPDX-License-Identifier: GPL-2.0-or-later
// kho show of 10^6 luo-v5 files, from its start to its end, into a file: against a loop of fprintf() that
// writes as many lines of the same width into a file.
#include <benchmark/benchmark.h>

#include <cinttypes>
#include <cstdio>
#include <filesystem>

#include <sys/resource.h>

#include "tests/tool/run.h"
#include "tests/tool/sample.h"

namespace {

constexpr std::uint64_t sessions = 2;
constexpr std::uint64_t files = 500'000;  // of each

constexpr std::uint64_t scattered(std::uint64_t i) { return i * 0x9e3779b97f4a7c15; }

// Of the processor, so that what else the host does is not measured.
double seconds(int who) {
    rusage usage{};
    getrusage(who, &usage);
    const auto of = [](const timeval &time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return of(usage.ru_utime) + of(usage.ru_stime);
}

std::string record_files(const TemporaryFolder &folder) {
    kho::Handover content{.format = kho::KhoFormat::v4, .scratch = {{kho::PhysAddr{0x100000}, 0x100000}}};
    kho::Luo luo{.format = kho::LuoFormat::v5, .flbs = std::vector<kho::LuoFlb>{}};
    for (std::uint64_t s = 0; s < sessions; s++) {
        kho::LuoSession session{.name = "session " + std::to_string(s), .files = {}};
        for (std::uint64_t i = 0; i < files; i++)
            session.files.push_back({.compatible = "plain-v1", .data = i << 12, .token = scattered(i)});
        luo.sessions.push_back(std::move(session));
    }
    content.luo = std::move(luo);
    content.subtrees = {{.name = "LUO"}};
    return kho::test::record(folder, "7.2", content, {kho::PhysAddr{0x2000000}, 0x10000000});
}

void print_lines(const std::string &path) {
    std::FILE *file = std::fopen(path.c_str(), "w");
    for (std::uint64_t s = 0; s < sessions; s++)
        for (std::uint64_t i = 0; i < files; i++)
            std::fprintf(file, "    %#18" PRIx64 "  %-8s  %#10" PRIx64 "\n", scattered(i), "plain-v1",
                         i << 12);
    std::fclose(file);
}

void show_files(benchmark::State &state, const char *option) {
    const TemporaryFolder folder;
    const std::string recording = record_files(folder);
    const std::string out = folder.file("out");
    const std::string lines = folder.file("lines");
    double shown = 0;
    double printed = 0;
    for (auto _ : state) {
        TemporaryFolder::write(out, "");
        double start = seconds(RUSAGE_CHILDREN);
        const kho::test::Ran ran = kho::test::kho_into(out, {"show", option, recording});
        const double taken = seconds(RUSAGE_CHILDREN) - start;
        if (ran.status != 0) {
            state.SkipWithError(ran.err.c_str());
            return;
        }
        shown += taken;
        state.SetIterationTime(taken);
        start = seconds(RUSAGE_SELF);
        print_lines(lines);
        printed += seconds(RUSAGE_SELF) - start;
    }
    state.counters["MiB"] = static_cast<double>(std::filesystem::file_size(out)) / (1 << 20);
    state.counters["vs_fprintf"] = shown / printed;
}

void show_as_text(benchmark::State &state) { show_files(state, "--color=never"); }
BENCHMARK(show_as_text)->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(2);

void show_as_json(benchmark::State &state) { show_files(state, "--json"); }
BENCHMARK(show_as_json)->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(2);

}  // namespace

BENCHMARK_MAIN();
