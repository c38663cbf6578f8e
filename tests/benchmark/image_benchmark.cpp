// SPDX-License-Identifier: GPL-2.0-or-later
// What a large input costs beside a small one that holds the same, and what the search costs beside reading
// memory.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "fdt/abi/kho.h"
#include "fdt/abi/x86_boot.h"
#include "fdt/base/internal/fdt_page.h"
#include "fdt/search/find.h"
#include "fdt/search/locate.h"
#include "tests/benchmark/cpu_time.h"
#include "tests/benchmark/run.h"
#include "tests/temporary_folder.h"

namespace {

constexpr std::uint64_t mib = 1 << 20, gib = 1 << 30;

// Sparse raw memory with a handover at its end: boot_params, setup_data, scratch array, KHO FDT, and 4 MiB of
// data.
class SparseImage {
public:
    explicit SparseImage(std::uint64_t size) : path_(folder_.file("memory")) {
        namespace bp = kho::abi::boot_params;
        const std::uint64_t at = size - 8 * mib;
        std::vector<std::byte> block(4 * mib, std::byte{0x5a});
        const auto put = [&block](std::uint64_t offset, const auto &value) {
            std::memcpy(block.data() + offset, &value, sizeof value);
        };
        std::memset(block.data(), 0, 0x3000);
        put(bp::header_magic, kho::abi::header_magic_hdrs);
        put(bp::boot_flag, kho::abi::boot_flag_magic);
        put(bp::version, std::uint16_t{0x020f});
        put(bp::type_of_loader, std::uint8_t{0xd0});
        put(bp::e820_entries, std::uint8_t{1});
        put(bp::setup_data, at + 0x1000);
        put(0x1000, kho::abi::setup_data_header{.next = 0, .type = kho::abi::setup_kexec_kho, .len = 32});
        put(0x1010, kho::abi::kho_data{at + 0x3000, 0x1000, at + 0x2000, 16});
        put(0x2000, kho::abi::kho_scratch{mib, mib});
        kho::FdtWriter fdt;
        fdt.begin_node("");
        fdt.string_property("compatible", kho::abi::kho_v1_compatible);
        fdt.u64_property(kho::abi::memory_map_property, 0);
        fdt.end_node();
        std::memcpy(block.data() + 0x3000, std::move(fdt.finish()).value().data(), 4096);
        const int file = ::open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        const bool written = ::ftruncate(file, static_cast<off_t>(size)) == 0 &&
                             ::pwrite(file, block.data(), block.size(), static_cast<off_t>(at)) ==
                                 static_cast<ssize_t>(block.size());
        ::close(file);
        if (!written)
            throw std::runtime_error("no space for a sparse file");
    }

    // Opens it, finds the handover by searching, and reads its FDT.
    void use() const {
        const auto image = kho::Image::open(path_, {.base = kho::PhysAddr{0}});
        const auto located = kho::locate(image.value());
        std::array<std::byte, 4096> fdt;
        if (!image.value().memory().read(kho::PhysAddr{located.value().data.fdt_addr}, fdt))
            throw std::runtime_error("the handover is not there");
    }
    const std::string &path() const { return path_; }

private:
    TemporaryFolder folder_;
    std::string path_;
};

void HandoverInSparse64GiB(benchmark::State &state) {
    const SparseImage small(256 * mib), large(64 * gib);
    double small_total = 0;
    for (auto _ : state) {
        state.SetIterationTime(cpu_seconds_of([&] { large.use(); }));
        small_total += cpu_seconds_of([&] { small.use(); });
    }
    state.counters["of_256MiB_s"] = per_iteration(small_total);
}

void SearchOfFullMemory(benchmark::State &state) {
    const TemporaryFolder folder;
    const std::string path = folder.file("full");
    std::vector<std::byte> bytes(512 * mib);
    for (std::size_t i = 0; i < bytes.size(); i++) bytes[i] = static_cast<std::byte>(i * 2654435761u >> 24);
    TemporaryFolder::write(path, {reinterpret_cast<const char *>(bytes.data()), bytes.size()});
    const auto image = kho::Image::open(path, {.base = kho::PhysAddr{0}});
    double copy_total = 0;
    std::vector<std::byte> copy(bytes.size());
    for (auto _ : state) {
        state.SetIterationTime(
            cpu_seconds_of([&] { benchmark::DoNotOptimize(kho::find(image.value().memory())); }));
        copy_total += cpu_seconds_of([&] { std::memcpy(copy.data(), bytes.data(), copy.size()); });
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(bytes.size()) *
                            static_cast<std::int64_t>(state.iterations()));
    state.counters["memcpy_s"] = per_iteration(copy_total);
}

BENCHMARK(HandoverInSparse64GiB)->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(0.1);
BENCHMARK(SearchOfFullMemory)->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(0.2);

}  // namespace

int main(int argc, char **argv) { return limits::run(argc, argv); }
