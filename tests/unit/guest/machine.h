// SPDX-License-Identifier: GPL-2.0-or-later
// A machine's memory on the host, and kernels that follow each other in it: what one preserved is what the
// next finds. Everything else keeps its bytes, so a test that reads too much finds plausible ones.
#pragma once

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <ostream>
#include <string>
#include <vector>

#include "guest/kho/fault.h"
#include "guest/kho/pages.h"

namespace guest {

// So that a failed assertion names the code.
inline void PrintTo(Errno e, std::ostream *out) { *out << name(e); }
inline void PrintTo(Fault f, std::ostream *out) { *out << name(f); }
inline void PrintTo(const Pages::Counts &c, std::ostream *out) {
    *out << "free " << c.free << ", used " << c.used << ", preserved " << c.preserved << ", incoming "
         << c.incoming << ", scratch " << c.scratch;
}

//   0       1 MiB   2 MiB   3 MiB                      48 MiB    56 MiB   64 MiB
//   | low   | map A | map B |  free                     | scratch  | free   |
class Machine {
public:
    static constexpr std::uint64_t mib = 1 << 20;
    static constexpr std::uint64_t default_size = 64 * mib;
    static constexpr std::uint64_t scratch_start = 48 * mib, scratch_size = 8 * mib;

    explicit Machine(std::uint64_t size = default_size) : size_(size) {
        void *p =
            mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        EXPECT_NE(p, MAP_FAILED);
        base_ = static_cast<std::byte *>(p);
        boot();
    }
    ~Machine() { munmap(base_, size_); }
    Machine(const Machine &) = delete;
    Machine &operator=(const Machine &) = delete;

    PhysicalWindow window() const { return {reinterpret_cast<std::uintptr_t>(base_), size_}; }

    // The next kernel, with what this one preserved.
    void kexec() {
        std::vector<std::pair<kho::PhysAddr, unsigned>> blocks;
        pages.for_each_preserved([&](kho::PhysAddr at, unsigned order) { blocks.emplace_back(at, order); });
        boot();
        for (const auto &[at, order] : blocks) EXPECT_EQ(pages.add_incoming(at, order), Errno::ok);
    }

    std::byte *at(kho::PhysAddr a) const { return base_ + kho::value(a); }
    template <typename T>
    T &as(kho::PhysAddr a) const {
        return *reinterpret_cast<T *>(at(a));
    }
    template <typename T>
    T &as(std::uint64_t a) const {
        return as<T>(kho::PhysAddr{a});
    }

    Pages pages;

private:
    void boot() {
        const kho::PhysAddr map{kernels_++ % 2 == 0 ? mib : 2 * mib};
        EXPECT_EQ(pages.init(window(), map, size_), Errno::ok);
        pages.add_ram(kho::PhysAddr{0}, size_);
        pages.set_scratch(kho::PhysAddr{scratch_start}, scratch_size);
        pages.reserve(kho::PhysAddr{mib}, 2 * mib);
    }

    std::uint64_t size_;
    std::byte *base_ = nullptr;
    unsigned kernels_ = 0;
};

inline kho::PhysAddr operator""_pa(unsigned long long v) { return kho::PhysAddr{v}; }

// Runs `scenario` with the n-th allocation failing, for every n until it is not reached any more. The
// scenario returns its first error; `undo` cleans up after a success. Every failure must leave the counts as
// they were.
template <typename Scenario, typename Undo>
void fail_every_allocation(Pages &pages, Scenario &&scenario, Undo &&undo) {
    const Pages::Counts before = pages.counts();
    for (std::uint64_t n = 1; n < 100000; n++) {
        pages.fail_allocation(n);
        const Errno error = scenario();
        const bool reached = !pages.failure_pending();
        pages.fail_allocation(0);
        if (error == Errno::ok)
            undo();
        else {
            EXPECT_EQ(error, Errno::enomem) << "allocation " << n;
        }
        ASSERT_EQ(pages.counts(), before) << "allocation " << n;
        if (!reached)
            return;
    }
    FAIL() << "no end";
}

}  // namespace guest
