// SPDX-License-Identifier: GPL-2.0-or-later
// A machine made of plain arrays, and a guest in it that is about to kexec.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "fdt/abi/luo.h"
#include "fdt/abi/units.h"
#include "plugin/kexec.h"
#include "plugin/purgatory.h"
#include "plugin/registers.h"
#include "tests/temporary_folder.h"

namespace kexec_handover {
inline void PrintTo(Status status, std::ostream *out) { *out << name(status); }
}  // namespace kexec_handover

namespace kexec_handover::test {

using kho::gib;
using kho::kib;
using kho::mib;

class FakeMachine : public Machine {
public:
    explicit FakeMachine(const std::vector<kho::Range> &ram) {
        for (const kho::Range &range : ram) blocks_[value(range.start)].resize(range.size);
    }

    kho::RangeSet ram() const override {
        std::vector<kho::Range> ranges;
        for (const auto &[start, bytes] : blocks_) ranges.push_back({kho::PhysAddr{start}, bytes.size()});
        return kho::RangeSet(std::move(ranges));
    }
    kho::Outcome read(kho::PhysAddr from, std::span<std::byte> out) const override {
        const std::byte *at = find(from, out.size());
        if (!at)
            return outside(from);
        std::copy_n(at, out.size(), out.begin());
        if (after_read)
            after_read(from, out.size());
        return kho::success();
    }
    kho::Outcome write(kho::PhysAddr to, std::span<const std::byte> bytes) override {
        std::byte *at = find(to, bytes.size());
        if (!at)
            return outside(to);
        std::memcpy(at, bytes.data(), bytes.size());
        return kho::success();
    }
    kho::RangeSet touched(const kho::RangeSet &ranges) const override { return ranges.minus(untouched); }
    kho::Outcome fill(kho::Range range, std::byte pattern) override {
        std::byte *at = find(range.start, range.size);
        if (!at)
            return outside(range.start);
        std::memset(at, static_cast<int>(pattern), range.size);
        return kho::success();
    }
    kho::Outcome visit(kho::Range range, const Sink &sink) const override {
        // In odd pieces, as a real machine may.
        for (std::uint64_t done = 0; done < range.size;) {
            const std::uint64_t size = std::min<std::uint64_t>(range.size - done, 1'000'003);
            const std::byte *at = find(range.start + done, size);
            if (!at)
                return outside(range.start + done);
            if (kho::Outcome outcome = sink({at, size}); !outcome)
                return outcome;
            done += size;
        }
        return kho::success();
    }

    template <typename T>
    void store(std::uint64_t at, const T &v) {
        ASSERT_TRUE(write(kho::PhysAddr{at}, std::as_bytes(std::span(&v, 1))).ok()) << std::hex << at;
    }
    std::span<std::byte> bytes(std::uint64_t at, std::uint64_t size) {
        return {find(kho::PhysAddr{at}, size), size};
    }
    // All of memory, to compare before and after.
    using Contents =
        std::map<std::uint64_t, std::vector<unsigned char>>;  // compared by memcmp, unlike std::byte
    const Contents &contents() const { return blocks_; }

    // What was never written to.
    kho::RangeSet untouched;
    // Called after each read, as another CPU might act then.
    mutable std::function<void(kho::PhysAddr, std::size_t)> after_read;

private:
    static kho::Error outside(kho::PhysAddr at) {
        return {kho::Errc::outside_memory, value(at), 0, "not RAM"};
    }
    std::byte *find(kho::PhysAddr at, std::uint64_t size) const {
        auto it = blocks_.upper_bound(value(at));
        if (it == blocks_.begin())
            return nullptr;
        --it;
        const std::uint64_t offset = value(at) - it->first;
        if (offset > it->second.size() || size > it->second.size() - offset)
            return nullptr;
        return reinterpret_cast<std::byte *>(const_cast<unsigned char *>(it->second.data())) + offset;
    }

    Contents blocks_;
};

// A guest with one session of two files, ready to kexec. Change what it says, then store() it.
//
//   0x001000  descriptor   0x002000  memory map  0x003000  scratch   0x004000  subtrees   0x8000  preserved
//   list 0x200000  session header (order 4)   0x210000  file array (order 1)   0x212000  two pages of data
//   0x214000  page of the FLBs, if flb_header says so   4 GiB  1 MiB of preserved data   8 MiB .. 16 MiB
//   scratch
struct Guest {
    FakeMachine machine{{{kho::PhysAddr{0}, 24 * mib}, {kho::PhysAddr{4 * gib}, 4 * mib}}};
    Descriptor descriptor{.magic = descriptor_magic,
                          .size = sizeof(Descriptor),
                          .flags = 0,
                          .memory_map = {0x2000, 0},
                          .scratch = {0x3000, 0},
                          .preserved = {0x8000, 0},
                          .subtrees = {0x4000, 0},
                          .session_header = 0x200000,
                          .liveupdate_number = 1,
                          .acpi_rsdp = 0xf1234,
                          .flb_header = 0,
                          .handover = 0,
                          .reserved = 0};
    std::vector<MemoryRange> memory_map{{0, 0x1000, 2, 0},
                                        {0x1000, 24 * mib - 0x1000, 1, 0},
                                        {0xfec00000, 0x1000, 2, 0},
                                        {4 * gib, 4 * mib, 1, 0}};
    std::vector<kho::abi::kho_scratch> scratch{{8 * mib, 8 * mib}, {0, 0}};
    std::vector<PreservedRange> preserved{
        {0x200000, 4, 1}, {0x210000, 1, 1}, {0x212000, 0, 2}, {4 * gib, 8, 1}};
    kho::abi::luo_flb_header_ser flb_header{.pgcnt = 1, .count = 0};
    std::vector<kho::abi::luo_flb_ser> flbs;
    std::vector<Subtree> subtrees;
    kho::abi::luo_session_header_ser header{1};
    std::vector<kho::abi::luo_session_ser> sessions;
    std::vector<kho::abi::luo_file_ser> files;

    Guest() {
        kho::abi::luo_session_ser session{.name = "alpha", .file_set = {0x210000, 2}};
        sessions.push_back(session);
        for (std::uint64_t i = 0; i < 2; ++i)
            files.push_back(
                {.compatible = "test-v1", .data = 0x212000 + i * kho::page_size, .token = 10 + i});
        for (const std::uint64_t at : {std::uint64_t{0x212000}, std::uint64_t{4 * gib}}) {
            auto bytes = machine.bytes(at, at < gib ? 2 * kho::page_size : mib);
            for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7 + at / 3);
        }
    }

    // Hands over two FLBs as well.
    void add_flbs() {
        preserved.push_back({0x214000, 0, 1});
        descriptor.preserved.count = 0;  // counted again by store()
        flbs = {{.name = "flb-one", .data = 0x1234, .count = 1}, {.name = "flb-two", .data = 0, .count = 2}};
        flb_header.count = flbs.size();
        descriptor.flb_header = 0x214000;
    }

    template <typename T>
    void store_array(ArrayRef &reference, const std::vector<T> &entries) {
        if (reference.count == 0)  // else the test lies about it
            reference.count = entries.size();
        for (std::size_t i = 0; i < entries.size(); ++i)
            machine.store(reference.address + i * sizeof(T), entries[i]);
    }
    void store() {
        store_array(descriptor.memory_map, memory_map);
        store_array(descriptor.scratch, scratch);
        store_array(descriptor.preserved, preserved);
        store_array(descriptor.subtrees, subtrees);
        machine.store(0x200000, header);
        for (std::size_t i = 0; i < sessions.size(); ++i)
            machine.store(0x200000 + sizeof header + i * sizeof sessions[0], sessions[i]);
        for (std::size_t i = 0; i < files.size(); ++i)
            machine.store(0x210000 + i * sizeof files[0], files[i]);
        machine.store(0x214000, flb_header);
        for (std::size_t i = 0; i < flbs.size(); ++i)
            machine.store(0x214000 + sizeof flb_header + i * sizeof flbs[0], flbs[i]);
        machine.store(0x1000, descriptor);
    }
    static constexpr kho::PhysAddr descriptor_address{0x1000};
};

// A bzImage with a 64-bit entry that is never run.
struct FakeKernel {
    std::uint16_t version = 0x020f;
    std::uint16_t xloadflags = kho::abi::xloadflag_kernel_64 | kho::abi::xloadflag_can_be_loaded_above_4g;
    std::uint32_t init_size = 256 * kib;
    std::uint16_t boot_flag = kho::abi::boot_flag_magic;

    std::vector<std::byte> bytes() const {
        std::vector<std::byte> file(2 * 512 + 4096, std::byte{0x90});
        std::fill_n(file.begin(), 1024, std::byte{0});
        const auto put = [&](std::uint64_t at, auto v) { std::memcpy(file.data() + at, &v, sizeof v); };
        namespace bp = kho::abi::boot_params;
        put(bp::setup_sects, std::uint8_t{1});
        put(bp::boot_flag, boot_flag);
        put(bp::jump, std::uint16_t{0x66eb});
        put(bp::header_magic, kho::abi::header_magic_hdrs);
        put(bp::version, version);
        put(bp::loadflags, kho::abi::loadflag_loaded_high);
        put(bp::initrd_addr_max, std::uint32_t{0x7fffffff});
        put(bp::kernel_alignment, std::uint32_t{0x1000});
        put(bp::relocatable_kernel, std::uint8_t{1});
        put(bp::xloadflags, xloadflags);
        put(bp::cmdline_size, std::uint32_t{255});
        put(bp::pref_address, std::uint64_t{0x1000000});
        put(bp::init_size, init_size);
        return file;
    }
};

}  // namespace kexec_handover::test
