// SPDX-License-Identifier: GPL-2.0-or-later
// Comparing contents beside the plainest comparison of as many bytes, and the picture of a machine of 1 TiB.
#include <benchmark/benchmark.h>

#include <cstring>
#include <vector>

#include "fdt/view/content_diff.h"
#include "fdt/view/picture.h"
#include "tests/benchmark/cpu_time.h"
#include "tests/benchmark/run.h"

namespace kho {
namespace {

constexpr std::uint64_t gib = 1 << 30;

class BytesMemory final : public Memory {
public:
    explicit BytesMemory(std::uint64_t size) : bytes_(size, std::byte{0x5a}) {}
    Outcome read(PhysAddr from, std::span<std::byte> out) const override {
        if (value(from) > bytes_.size() || out.size() > bytes_.size() - value(from))
            return Error{.code = Errc::outside_memory, .address = value(from), .what = "outside"};
        std::memcpy(out.data(), bytes_.data() + value(from), out.size());
        return success();
    }
    const std::vector<std::byte> &bytes() const { return bytes_; }

private:
    std::vector<std::byte> bytes_;
};

// Both sides are copied out before they are compared; memcmp has no copies to make.
void EqualContents(benchmark::State &state) {
    constexpr std::uint64_t size = gib / 4;
    const BytesMemory a(size), b(size);
    // Folios of 64 KiB, in reverse on one side.
    constexpr std::uint64_t folio = 64 << 10;
    std::vector<FileExtent> forward, backward;
    for (std::uint64_t offset = 0; offset < size; offset += folio) {
        forward.push_back({offset, folio, PhysAddr{offset}});
        backward.push_back({offset, folio, PhysAddr{size - folio - offset}});
    }
    double plain = 0;
    for (auto _ : state) {
        plain += cpu_seconds_of(
            [&] { benchmark::DoNotOptimize(std::memcmp(a.bytes().data(), b.bytes().data(), size)); });
        state.SetIterationTime(cpu_seconds_of([&] {
            const auto difference = compare_content({a, forward}, {b, backward}, size, 16);
            if (!difference || difference.value().bytes != 0)
                state.SkipWithError("contents differ");
        }));
    }
    state.SetBytesProcessed(static_cast<std::int64_t>(size) * static_cast<std::int64_t>(state.iterations()));
    state.counters["memcmp_s"] = per_iteration(plain);
}
BENCHMARK(EqualContents)->UseManualTime()->Unit(benchmark::kMillisecond)->MinTime(0.2);

// 10^7 blocks, none beside another.
void PictureOfATebibyte(benchmark::State &state) {
    Handover handover;
    std::uint64_t random = 88172645463325252;
    std::uint64_t at = 4 * gib;
    while (handover.preserved.size() < 10000000) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        at += page_size * (2 + random % 48);
        handover.preserved.push_back({PhysAddr{at}, 0, 1});
    }
    const RangeSet ram({{PhysAddr{0x100000}, 3 * gib - 0x100000}, {PhysAddr{4 * gib}, 1020 * gib}});
    const PageMap map(handover, &ram);
    std::size_t bytes = 0;
    for (auto _ : state) bytes = map_svg(map, {.title = "1 TiB"}).size();
    state.counters["svg_bytes"] = static_cast<double>(bytes);
}
BENCHMARK(PictureOfATebibyte)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace kho

int main(int argc, char **argv) { return limits::run(argc, argv); }
