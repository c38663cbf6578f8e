// SPDX-License-Identifier: GPL-2.0-or-later
// Guest memory through QEMU's address space, so that dirty bits are set and translated code is thrown away.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <optional>

#include "plugin/host_pages.h"
#include "plugin/qemu.h"
#include "plugin/qemu_abi.h"

namespace qemu {
namespace {

using abi::symbols;
using kho::Errc;
using kho::Error;
using kho::Outcome;
using kho::PhysAddr;
using kho::Range;

Error outside(PhysAddr at) { return {Errc::outside_memory, value(at), 0, "not RAM"}; }

// A stretch of guest RAM mapped into the host; unmapped when it goes out of scope.
class Mapping {
public:
    // Maps as much of `range` as is contiguous in the host. Nothing if its start is not RAM (QEMU would lend
    // a bounce buffer, which belongs to no memory region).
    static std::optional<Mapping> map(Range range, bool write) {
        abi::hwaddr size = range.size;
        void *host = symbols.address_space_map(symbols.address_space_memory, value(range.start), &size, write,
                                               abi::no_attributes);
        if (!host)
            return std::nullopt;
        Mapping mapping(static_cast<std::byte *>(host), size, write);
        std::uint64_t offset;
        if (size == 0 || !symbols.memory_region_from_host(host, &offset))
            return std::nullopt;
        return mapping;
    }
    Mapping(Mapping &&other) noexcept
        : host_(std::exchange(other.host_, nullptr)),
          size_(other.size_),
          write_(other.write_),
          used_(other.used_) {}
    Mapping(const Mapping &) = delete;
    Mapping &operator=(const Mapping &) = delete;
    Mapping &operator=(Mapping &&) = delete;
    ~Mapping() {
        if (host_)
            symbols.address_space_unmap(symbols.address_space_memory, host_, size_, write_, used_);
    }

    std::span<std::byte> bytes() const { return {host_, size_}; }
    // Says that the first `used` bytes were accessed.
    void accessed(std::uint64_t used) { used_ = used; }

private:
    Mapping(std::byte *host, std::uint64_t size, bool write) : host_(host), size_(size), write_(write) {}

    std::byte *host_;
    std::uint64_t size_;
    bool write_;
    std::uint64_t used_ = 0;
};

class GuestMemory final : public kexec_handover::Machine {
public:
    Outcome read(PhysAddr from, std::span<std::byte> out) const override {
        for (Range range{from, out.size()}; !range.empty();) {
            const auto mapping = Mapping::map(range, false);
            if (!mapping)
                return outside(range.start);
            const auto bytes = mapping->bytes();
            std::memcpy(out.data(), bytes.data(), bytes.size());
            out = out.subspan(bytes.size());
            range = {range.start + bytes.size(), range.size - bytes.size()};
        }
        return kho::success();
    }

    kho::RangeSet ram() const override {
        abi::GuestPhysBlockList list{};
        symbols.guest_phys_blocks_init(&list);
        symbols.guest_phys_blocks_append(&list);
        std::vector<Range> ranges;
        for (const abi::GuestPhysBlock *block = list.first; block; block = block->next) {
            const Range range{PhysAddr{block->target_start}, block->target_end - block->target_start};
            // The list holds ROMs too; most of them cannot be mapped for writing. What firmware writes to
            // itself is as good as RAM to us.
            if (Mapping::map({range.start, 1}, true))
                ranges.push_back(range);
        }
        symbols.guest_phys_blocks_free(&list);
        return kho::RangeSet(std::move(ranges));
    }

    Outcome write(PhysAddr to, std::span<const std::byte> bytes) override {
        if (!ram().contains({to, bytes.size()}))
            return outside(to);
        // Writing does not change the buffer; QEMU's one function for both directions takes it non-const.
        if (symbols.address_space_rw(symbols.address_space_memory, value(to), abi::no_attributes,
                                     const_cast<std::byte *>(bytes.data()), bytes.size(), true) != 0)
            return outside(to);
        return kho::success();
    }

    kho::RangeSet touched(const kho::RangeSet &ranges) const override {
        std::vector<Range> result;
        for (Range range : ranges.ranges()) {
            while (!range.empty()) {
                const auto mapping = Mapping::map(range, false);
                if (!mapping)
                    break;  // not RAM any more: nothing to be found there
                for (const HostRun &run : touched_runs(*mapping))
                    result.push_back({range.start + run.offset, run.size});
                const std::uint64_t size = mapping->bytes().size();
                range = {range.start + size, range.size - size};
            }
        }
        return kho::RangeSet(std::move(result));
    }

    Outcome fill(Range range, std::byte pattern) override {
        while (!range.empty()) {
            auto mapping = Mapping::map(range, true);
            if (!mapping)
                return outside(range.start);
            const auto bytes = mapping->bytes();
            std::memset(bytes.data(), static_cast<int>(pattern), bytes.size());
            mapping->accessed(bytes.size());
            range = {range.start + bytes.size(), range.size - bytes.size()};
        }
        return kho::success();
    }

    Outcome visit(Range range, const Sink &sink) const override {
        static constexpr std::array<std::byte, 65536> zeroes{};
        while (!range.empty()) {
            const auto mapping = Mapping::map(range, false);
            if (!mapping)
                return outside(range.start);
            const auto bytes = mapping->bytes();
            std::uint64_t done = 0;
            const auto show_zeroes = [&](std::uint64_t until) {
                while (done < until) {
                    const std::uint64_t size = std::min<std::uint64_t>(until - done, zeroes.size());
                    if (Outcome outcome = sink(std::span(zeroes).first(size)); !outcome)
                        return outcome;
                    done += size;
                }
                return kho::success();
            };
            for (const HostRun &run : touched_runs(*mapping)) {
                if (Outcome outcome = show_zeroes(run.offset); !outcome)
                    return outcome;
                if (Outcome outcome = sink(bytes.subspan(run.offset, run.size)); !outcome)
                    return outcome;
                done = run.offset + run.size;
            }
            if (Outcome outcome = show_zeroes(bytes.size()); !outcome)
                return outcome;
            range = {range.start + bytes.size(), range.size - bytes.size()};
        }
        return kho::success();
    }

private:
    // What is not touched reads as zero. Private memory of a file shows the file where it was not touched, so
    // all of it counts; shared memory may have been touched by others, whom only the file knows of.
    static std::vector<HostRun> touched_runs(const Mapping &mapping) {
        const auto bytes = mapping.bytes();
        std::vector<HostRun> runs;
        std::uint64_t offset = 0;
        abi::RAMBlock *block = symbols.qemu_ram_block_from_host(bytes.data(), false, &offset);
        const int file = block ? symbols.qemu_ram_get_fd(block) : -1;
        const bool shared = block && symbols.qemu_ram_is_shared(block);
        if (block && file < 0 && !shared) {
            find_touched(bytes, runs);
        } else if (block && file >= 0 && shared) {
            if (symbols.qemu_ram_get_fd_offset)
                offset += symbols.qemu_ram_get_fd_offset(block);
            find_data(file, offset, bytes.size(), runs);
        } else {
            runs.push_back({0, bytes.size()});
        }
        return runs;
    }
};

}  // namespace

kexec_handover::Machine &guest_memory() {
    static GuestMemory memory;
    static const bool is_open = open_pagemap();
    if (!is_open)
        warn("cannot read /proc/self/pagemap: poison will make all of guest memory resident");
    return memory;
}

}  // namespace qemu
