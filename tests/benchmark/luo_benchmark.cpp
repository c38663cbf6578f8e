// SPDX-License-Identifier: GPL-2.0-or-later
// What n files of one session, and n sessions, cost in a whole live update: preserve, freeze, (kexec),
// deserialize, retrieve, finish. The limits of the format are raised to n. A handler that does nothing leaves
// the orchestrator alone.
//
// `per_item_s` is what matters: it would grow ten times from row to row if tokens or names were searched for,
// as they are in the kernel.
#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "guest/luo/live_update.h"
#include "tests/benchmark/cpu_time.h"
#include "tests/benchmark/run.h"
#include "tests/unit/guest/machine.h"

namespace {

using namespace guest;

constexpr FileType plain{"plain file", [](File &) {}};

// Serializes a file as its number, and finds it by that.
struct PlainHandler : FileHandler {
    std::vector<File> files;
    FileOps table{
        .can_preserve = [](FileHandler &, const File &file) { return file.type == &plain; },
        .preserve =
            [](FileOpArgs &args) {
                args.serialized_data = static_cast<std::uint64_t>(args.file - handler(args).files.data());
                return Errno::ok;
            },
        .unpreserve = [](FileOpArgs &) {},
        .retrieve =
            [](FileOpArgs &args) {
                args.file = &handler(args).files[args.serialized_data];
                args.file->references = 1;
                return Errno::ok;
            },
        .finish = [](FileOpArgs &) {},
    };

    explicit PlainHandler(std::uint64_t count) : files(count) {
        for (File &file : files) {
            file.type = &plain;
            file.references = 1;
        }
        ops = &table;
        compatible = "plain-v1";
    }
    static PlainHandler &handler(FileOpArgs &args) { return *static_cast<PlainHandler *>(args.handler); }
};

void must(Errno error, const char *what) {
    if (error != Errno::ok) {
        std::fprintf(stderr, "%s: %s\n", what, std::string(name(error)).c_str());
        std::abort();
    }
}

constexpr unsigned stages = 5;
constexpr const char *stage_names[stages] = {"preserve", "freeze", "deserialize", "retrieve", "finish"};

struct Stopwatch {
    std::array<double, stages> seconds{};
    double last = cpu_seconds();
    unsigned next = 0;

    void skip() { last = cpu_seconds(); }
    void lap() {
        const double now = cpu_seconds();
        seconds[next++] += now - last;
        last = now;
    }
};

// A token or name that no neighbour resembles.
constexpr std::uint64_t scattered(std::uint64_t i) { return i * 0x9e3779b97f4a7c15; }
std::string session_name(std::uint64_t i) { return "session " + std::to_string(scattered(i)); }

// `sessions` sessions of `files` files each through one live update.
template <std::uint64_t sessions, std::uint64_t files>
Stopwatch live_update() {
    constexpr LuoLimits limits{.sessions = sessions, .files_per_set = files == 0 ? 1 : files};
    Machine machine(std::uint64_t{2} << 30);
    // What will be used, so that the host does not give the machine its memory while it is measured.
    std::memset(machine.at(kho::PhysAddr{3 << 20}), 0, (1 << 20) + (sessions + files) * 700);
    const auto start = [&](LiveUpdate &luo, PlainHandler &handler) {
        machine.pages.set_largest_order(kho::max_block_order);
        must(luo.start<limits>(machine.pages, true), "start");
        must(luo.registry().add(handler), "register");
    };
    std::vector<std::string> names;
    for (std::uint64_t i = 0; i < sessions; i++) names.push_back(session_name(i));

    auto luo = std::make_unique<LiveUpdate>();
    PlainHandler handler(sessions * files);
    start(*luo, handler);
    Stopwatch watch;
    for (std::uint64_t i = 0; i < sessions; i++) {
        const Result<Session *> session = luo->create_session(names[i]);
        must(session.error(), "create");
        for (std::uint64_t k = 0; k < files; k++)
            must(luo->preserve(**session, scattered(k), &handler.files[i * files + k]), "preserve");
    }
    watch.lap();
    must(luo->serialize(), "freeze");
    watch.lap();

    const kho::PhysAddr header = luo->session_header(), flbs = luo->flb_header();
    machine.kexec();
    luo = std::make_unique<LiveUpdate>();
    PlainHandler incoming(sessions * files);
    start(*luo, incoming);
    watch.skip();
    must(luo->deserialize({.sessions = header, .flbs = flbs}), "deserialize");
    watch.lap();
    // In reverse, which is not an order that helps a list.
    for (std::uint64_t i = sessions; i-- > 0;) {
        const Result<Session *> session = luo->retrieve_session(names[i]);
        must(session.error(), "retrieve the session");
        for (std::uint64_t k = files; k-- > 0;)
            must(luo->retrieve(**session, scattered(k)).error(), "retrieve");
    }
    watch.lap();
    while (Session *session = luo->incoming().first()) must(luo->release(*session), "finish");
    watch.lap();
    return watch;
}

template <std::uint64_t sessions, std::uint64_t files>
void Items(benchmark::State &state) {
    constexpr std::uint64_t items = files == 0 ? sessions : files;
    double total = 0;
    std::array<double, stages> sums{};
    for (auto _ : state) {
        const Stopwatch watch = live_update<sessions, files>();
        double seconds = 0;
        for (unsigned i = 0; i < stages; i++) {
            seconds += watch.seconds[i];
            sums[i] += watch.seconds[i];
        }
        state.SetIterationTime(seconds);
        total += seconds;
    }
    const double count = static_cast<double>(state.iterations()) * static_cast<double>(items);
    state.counters["per_item_s"] = total / count;
    for (unsigned i = 0; i < stages; i++)
        state.counters[std::string(stage_names[i]) + "_s"] = sums[i] / count;
}

#define ROWS(n) \
    BENCHMARK_TEMPLATE(Items, 1, n)->Name("Files/" #n)->UseManualTime()->Unit(benchmark::kMicrosecond)
ROWS(100)->Iterations(100);
ROWS(1000)->Iterations(20);
ROWS(10000)->Iterations(6);
ROWS(100000)->Iterations(1);
ROWS(1000000)->Iterations(1);
#undef ROWS
#define ROWS(n) \
    BENCHMARK_TEMPLATE(Items, n, 0)->Name("Sessions/" #n)->UseManualTime()->Unit(benchmark::kMicrosecond)
ROWS(100)->Iterations(100);
ROWS(1000)->Iterations(20);
ROWS(10000)->Iterations(6);
ROWS(100000)->Iterations(1);
ROWS(1000000)->Iterations(1);
#undef ROWS

}  // namespace

int main(int argc, char **argv) { return limits::run(argc, argv); }
