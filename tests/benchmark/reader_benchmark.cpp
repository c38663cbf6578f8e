// SPDX-License-Identifier: GPL-2.0-or-later
// Reading at the sizes of large machines. The map: beside memcpy of the same bytes, measured in turn.
#include <benchmark/benchmark.h>
#include <libfdt.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <numeric>

#include "fdt/abi/luo_v5.h"
#include "fdt/abi/radix.h"
#include "fdt/file/image.h"
#include "fdt/formats/releases.h"
#include "fdt/read/reader.h"
#include "tests/benchmark/cpu_time.h"
#include "tests/benchmark/run.h"
#include "tests/temporary_folder.h"

namespace {

using namespace kho;

// One stretch of memory.
class FlatMemory final : public Memory {
public:
    FlatMemory(PhysAddr at, std::uint64_t size) : at_(at), bytes_(size) {}

    Outcome read(PhysAddr from, std::span<std::byte> out) const override {
        const std::uint64_t offset = from - at_;
        if (from < at_ || offset > bytes_.size() || out.size() > bytes_.size() - offset)
            return Error{.code = Errc::outside_memory, .address = value(from), .what = "not there"};
        std::memcpy(out.data(), bytes_.data() + offset, out.size());
        return success();
    }
    template <typename T>
    T &at(PhysAddr address) {
        return reinterpret_cast<T &>(bytes_[address - at_]);
    }
    std::span<std::byte> bytes() { return bytes_; }

private:
    PhysAddr at_;
    std::vector<std::byte> bytes_;
};

constexpr PhysAddr base{std::uint64_t{1} << 41};

// A radix tree for pages of the first TiB.
class Tree {
public:
    Tree() : memory(base, 48 << 20) { node(5, 0); }

    void preserve(std::uint64_t page) {
        const std::uint64_t key = abi::radix_key(page << page_shift, 0);
        if (key >> 15 != last_ >> 15) {
            for (unsigned level = 5; level > 0; level--) {
                const unsigned shift = 15 + 9 * (level - 1);
                const PhysAddr parent = node(level, level == 5 ? 0 : key >> (shift + 9));
                memory.at<abi::radix_node>(parent).table[abi::radix_index(key, level)] =
                    value(node(level - 1, key >> shift));
            }
            leaf_ = node(0, key >> 15);
        }
        last_ = key;
        memory.at<abi::radix_leaf>(leaf_).bitmap[abi::radix_bit(key) / 64] |= std::uint64_t{1} << key % 64;
    }
    std::uint64_t used() const { return used_; }

    FlatMemory memory;

private:
    PhysAddr node(unsigned level, std::uint64_t key) {
        const auto [found, fresh] = nodes_.try_emplace({level, key}, base + used_);
        used_ += fresh ? page_size : 0;
        return found->second;
    }
    std::map<std::pair<unsigned, std::uint64_t>, PhysAddr> nodes_;
    std::uint64_t used_ = 0, last_ = 0;
    PhysAddr leaf_{};
};

// 10^7 preserved pages of a 1 TiB guest, in runs of so many pages spread evenly: 3.7 % of all pages. A leaf
// is about 32768 pages, so there are 8192 for all of memory: runs of up to 64 pages are in nearly every one,
// runs of 2048 in 5183, of 32768 in 611, and a single run in 306. "Density" is what share of the bits is set
// in the nodes and leaves that are there.
struct Preserved {
    static constexpr std::uint64_t blocks = 10'000'000, pages = std::uint64_t{1} << 28;

    explicit Preserved(std::uint64_t run) : path(folder.file("memory")) {
        Tree tree;
        for (std::uint64_t i = 0; i < blocks; i++)
            tree.preserve(i / run * (pages / (blocks / run)) + i % run);
        bytes = tree.used();
        TemporaryFolder::write(path, {reinterpret_cast<const char *>(tree.memory.bytes().data()), bytes});
        file = std::make_unique<MappedFile>(std::move(MappedFile::open(path)).value());
        image = std::make_unique<Image>(std::move(Image::open(path, {.base = base})).value());
    }

    TemporaryFolder folder;
    std::string path;
    std::uint64_t bytes = 0;           // of nodes and leaves
    std::unique_ptr<MappedFile> file;  // for memcpy; the pages of the file are the same
    std::unique_ptr<Image> image;
};

template <typename Read>
void beside_memcpy(benchmark::State &state, Read read) {
    // Made once for all repetitions.
    static std::map<std::uint64_t, Preserved> made;
    const auto run = static_cast<std::uint64_t>(state.range(0));
    const Preserved &preserved = made.try_emplace(run, run).first->second;
    std::vector<std::byte> copy(preserved.bytes);
    double copying = 0;
    for (auto _ : state) {
        const double before = cpu_seconds();
        Findings findings;
        const std::uint64_t sum = read(preserved.image->memory(), findings);
        const double between = cpu_seconds();
        std::memcpy(copy.data(), preserved.file->bytes().data(), copy.size());
        benchmark::DoNotOptimize(copy.data());
        benchmark::ClobberMemory();
        copying += cpu_seconds() - between;
        state.SetIterationTime(between - before);
        if (sum != Preserved::blocks || findings.errors() != 0)
            state.SkipWithError("wrong sum");
    }
    const double leaves = static_cast<double>(preserved.bytes / page_size);
    state.counters["MiB"] = leaves / 256;
    state.counters["density"] = static_cast<double>(Preserved::blocks) / (leaves * 32768);
    state.counters["memcpy_s"] = per_iteration(copying);
}

void sum_radix_map(benchmark::State &state) {
    beside_memcpy(state, [](const Memory &memory, Findings &findings) {
        const MapTotals totals = read_map_totals(memory, kho_v4, base, findings);
        return std::accumulate(totals.begin(), totals.end(), std::uint64_t{0});
    });
}
void read_radix_map(benchmark::State &state) {
    beside_memcpy(state, [](const Memory &memory, Findings &findings) {
        std::uint64_t sum = 0;
        for (const PreservedBlocks &run : read_preserved_map(memory, kho_v4, base, findings))
            sum += run.count;
        return sum;
    });
}
#define RUNS                                                                                                 \
    ->ArgName("run")->Arg(1)->Arg(16)->Arg(64)->Arg(2048)->Arg(32768)->Arg(10000000)->UseManualTime()->Unit( \
        benchmark::kMillisecond)
BENCHMARK(sum_radix_map) RUNS;
BENCHMARK(read_radix_map) RUNS;

// 10^6 files of luo-v5 in two sessions.
void read_luo_files(benchmark::State &state) {
    constexpr std::uint64_t files = 1'000'000, per_session = files / 2;
    constexpr std::uint64_t blocks_each = (per_session + abi::files_per_block - 1) / abi::files_per_block;
    const std::uint64_t pages = 3 + 2 * blocks_each + 64;
    FlatMemory memory(base, (pages + 64) * page_size);
    const PhysAddr sessions = base + page_size, first = base + 2 * page_size;
    memory.at<abi::luo_ser>(base) = {"luo-v5", 1, value(sessions), 0};
    memory.at<abi::kho_block_header_ser>(sessions) = {0, 2};
    std::uint64_t token = 0;
    for (std::uint64_t s = 0; s < 2; s++) {
        auto &session = memory.at<abi::luo_session_ser>(sessions + 16 + s * sizeof(abi::luo_session_ser));
        session.name[0] = static_cast<char>('a' + s);
        session.file_set = {value(first + s * blocks_each * page_size), per_session};
        for (std::uint64_t b = 0; b < blocks_each; b++) {
            const PhysAddr at = first + (s * blocks_each + b) * page_size;
            const std::uint64_t here = std::min(abi::files_per_block, per_session - b * abi::files_per_block);
            memory.at<abi::kho_block_header_ser>(at) = {b + 1 < blocks_each ? value(at + page_size) : 0,
                                                        here};
            for (std::uint64_t i = 0; i < here; i++) {
                auto &file = memory.at<abi::luo_file_ser>(at + 16 + i * sizeof(abi::luo_file_ser));
                std::memcpy(file.compatible, "other-v1", 8);
                file.token = token++;
            }
        }
    }
    // The KHO FDT and the root of an empty map: nothing is said about what is not preserved.
    const PhysAddr fdt_at = base + (pages - 2) * page_size, map = base + (pages - 1) * page_size;
    void *fdt = &memory.at<std::byte>(fdt_at);
    const std::uint64_t size = sizeof(abi::luo_ser), at = value(base), root = value(map);
    fdt_create(fdt, page_size);
    fdt_finish_reservemap(fdt);
    fdt_begin_node(fdt, "");
    fdt_property(fdt, "compatible", "kho-v4", 7);
    fdt_property(fdt, "preserved-memory-map", &root, sizeof root);
    fdt_begin_node(fdt, "LUO");
    fdt_property(fdt, "preserved-data", &at, sizeof at);
    fdt_property(fdt, "blob-size", &size, sizeof size);
    fdt_end_node(fdt);
    fdt_end_node(fdt);
    fdt_finish(fdt);
    for (auto _ : state) {
        Findings findings(0);
        const Handover handover = read_handover(
            memory, {.fdt_addr = value(fdt_at), .fdt_size = page_size, .scratch_addr = 0, .scratch_size = 0},
            findings, {.scratch_known = false});
        if (!handover.luo || handover.luo->sessions.size() != 2 ||
            handover.luo->sessions[1].files.size() != per_session)
            state.SkipWithError("files are missing");
    }
    state.counters["files"] = static_cast<double>(files);
}
BENCHMARK(read_luo_files)->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char **argv) { return limits::run(argc, argv); }
