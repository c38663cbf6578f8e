// SPDX-License-Identifier: GPL-2.0-or-later
// `kho show` as people run it, from start to end of the process, in CPU time (user and system): the machine
// may be busy. Beside it what any program would need.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <stdexcept>

#include "fdt/formats/releases.h"
#include "fdt/make/build.h"
#include "tests/benchmark/cpu_time.h"
#include "tests/benchmark/run.h"
#include "tests/temporary_folder.h"
#include "tests/unit/fdt/image_test_memory.h"

namespace {

using namespace kho;

constexpr std::uint64_t gib = std::uint64_t{1} << 30;

struct Child {
    double seconds = 0;       // CPU, user and system
    std::uint64_t bytes = 0;  // that came through the pipe
    std::uint64_t lines = 0;
};

// Runs `work` in a child whose standard output is /dev/null, or a pipe that is read here.
Child run(bool pipe_output, const std::function<void()> &work) {
    int ends[2] = {-1, -1};
    if (pipe_output ? pipe2(ends, O_CLOEXEC) != 0 : (ends[1] = open("/dev/null", O_WRONLY | O_CLOEXEC)) < 0)
        throw std::runtime_error("no output");
    const pid_t child = fork();
    if (child < 0)
        throw std::runtime_error("no process");
    if (child == 0) {
        dup2(ends[1], 1);
        work();
        _exit(0);
    }
    close(ends[1]);
    Child result;
    if (pipe_output) {
        static char buffer[1 << 16];
        for (ssize_t got; (got = read(ends[0], buffer, sizeof buffer)) > 0;) {
            result.bytes += static_cast<std::uint64_t>(got);
            result.lines += static_cast<std::uint64_t>(std::count(buffer, buffer + got, '\n'));
        }
        close(ends[0]);
    }
    rusage usage{};
    int status = 0;
    if (wait4(child, &status, 0, &usage) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        throw std::runtime_error("the child failed");
    const auto seconds = [](const timeval &t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    result.seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    return result;
}

Child show(bool pipe_output, const std::string &path, const char *option = "--color=never",
           const char *argument = nullptr) {
    return run(pipe_output, [&] {
        const char *kho = std::getenv("KHO_TOOL");
        execl(kho, "kho", "show", path.c_str(), option, argument, nullptr);
        _exit(9);
    });
}

constexpr std::uint64_t scattered(std::uint64_t i) { return i * 0x9e3779b97f4a7c15; }

// The same lines, by a program that has the numbers at hand. With a buffer of its own: that of this process
// may be one of lines.
void print_lines(std::uint64_t lines) {
    std::setvbuf(stdout, nullptr, _IOFBF, 1 << 16);
    for (std::uint64_t i = 0; i < lines; i++)
        std::printf("    %#18" PRIx64 "  %-8s  %#10" PRIx64 "\n", scattered(i), "plain-v1", i << 12);
    std::fflush(stdout);
}

// So many files of two sessions in luo-v5. What it is made of is gone when this returns: a child would pay
// for a copy of the tables of all that this process has.
void record_files(const std::string &path, std::uint64_t files) {
    Description description{.release = find_release("7.2"), .memory_map = pc_memory_map(gib)};
    description.luo.emplace();
    for (std::uint64_t i = 0; i < files; i++) {
        if (i % (files / 2) == 0)
            description.luo->sessions.push_back({.name = "vm-" + std::to_string(i), .files = {}});
        description.luo->sessions.back().files.push_back(
            {.token = scattered(i), .handler = "plain-v1", .data = i << 12});
    }
    const auto built = build(description);
    if (!built ||
        !write_recording(path, built.value().header, built.value().memory.ranges(), built.value().memory))
        throw std::runtime_error("the recording cannot be made");
}

// 10^6 files, beside printf() of as many lines. Arguments: into a pipe, not /dev/null; as JSON, which is
// several lines a file.
void ShowOfAMillionFiles(benchmark::State &state) {
    constexpr std::uint64_t files = 1'000'000;
    const bool into_pipe = state.range(0) != 0;
    // Made once for all repetitions.
    static const TemporaryFolder folder;
    static const std::string path = [] {
        record_files(folder.file("million.core"), files);
        return folder.file("million.core");
    }();
    double printed = 0;
    Child last;
    for (auto _ : state) {
        last = show(into_pipe, path, state.range(1) != 0 ? "--json" : "--color=never");
        printed += run(into_pipe, [] { print_lines(files); }).seconds;
        state.SetIterationTime(last.seconds);
    }
    if (into_pipe && last.lines < files)
        state.SkipWithError("lines are missing");
    state.counters["printf_s"] = per_iteration(printed);
}
BENCHMARK(ShowOfAMillionFiles)
    ->ArgNames({"pipe", "json"})
    ->ArgsProduct({{0, 1}, {0, 1}})
    ->UseManualTime()
    ->Iterations(2)
    ->Unit(benchmark::kMillisecond);

// Raw memory with a handover that boot_params lead to, sparse but for that.
class SparseMemory {
public:
    explicit SparseMemory(std::uint64_t size) {
        Description description{.release = find_release("7.2"), .memory_map = pc_memory_map(size)};
        description.luo.emplace();
        description.luo->sessions.push_back({.name = "vm", .files = {}});
        for (std::uint64_t i = 0; i < 20; i++)
            description.luo->sessions[0].files.push_back({.token = i, .size = 65536});
        const auto built = build(description);
        if (!built)
            throw std::runtime_error("the handover cannot be made");
        const int file = open(path().c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        bool written = ftruncate(file, static_cast<off_t>(size)) == 0;
        const auto put = [&](const Memory &memory, const Range &range) {
            std::vector<std::byte> bytes(range.size);
            written = written && memory.read(range.start, bytes).ok() &&
                      pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(value(range.start))) ==
                          static_cast<ssize_t>(bytes.size());
        };
        for (const Range &range : built.value().memory.ranges().ranges()) put(built.value().memory, range);
        ImageTestMemory boot;
        put_boot_params(boot, PhysAddr{0x9000}, PhysAddr{0xa000});
        put_setup_data(boot, PhysAddr{0xa000}, PhysAddr{0}, built.value().header.data);
        put(boot, {PhysAddr{0x9000}, 2 * page_size});
        close(file);
        if (!written)
            throw std::runtime_error("no space for a sparse file");
    }
    std::string path() const { return folder_.file("memory"); }

private:
    TemporaryFolder folder_;
};

void ShowOfSparse64GiB(benchmark::State &state) {
    const SparseMemory small(gib / 4), large(64 * gib);
    double of_small = 0;
    for (auto _ : state) {
        const Child child = show(true, large.path(), "--base", "0");
        if (child.lines < 20)
            state.SkipWithError("files are missing");
        of_small += show(true, small.path(), "--base", "0").seconds;
        state.SetIterationTime(child.seconds);
    }
    state.counters["of_256MiB_s"] = per_iteration(of_small);
}
BENCHMARK(ShowOfSparse64GiB)->UseManualTime()->Iterations(10)->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char **argv) { return limits::run(argc, argv); }
