// SPDX-License-Identifier: GPL-2.0-or-later
// Guest memory through QEMU's address space, so that dirty bits are set and translated code is thrown away.
#include <algorithm>
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
        std::size_t done = 0;
        return visit({from, out.size()}, [&](std::span<const std::byte> bytes) {
            std::memcpy(out.data() + done, bytes.data(), bytes.size());
            done += bytes.size();
            return kho::success();
        });
    }

    kho::RangeSet ram() const override {
        abi::GuestPhysBlockList list{};
        symbols.guest_phys_blocks_init(&list);
        symbols.guest_phys_blocks_append(&list);
        std::vector<Range> ranges;
        for (const abi::GuestPhysBlock *block = list.first; block; block = block->next) {
            const Range range{PhysAddr{block->target_start}, block->target_end - block->target_start};
            // The list holds ROMs too; they cannot be mapped for writing.
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

    kho::Result<Filled> fill(Range range, std::byte pattern) override {
        Filled filled;
        while (!range.empty()) {
            std::uint64_t size = 0;
            {
                const auto mapping = Mapping::map(range, true);
                if (!mapping)
                    return outside(range.start);
                size = mapping->bytes().size();
                touched_.clear();
                std::uint64_t offset;
                abi::RAMBlock *block =
                    symbols.qemu_ram_block_from_host(mapping->bytes().data(), false, &offset);
                // Others may have written to shared memory, which our own page tables do not tell.
                if (!block || symbols.qemu_ram_is_shared(block))
                    touched_.push_back({0, size});
                else
                    find_touched(mapping->bytes(), touched_);
            }
            std::uint64_t written = 0;
            for (const HostRun &run : touched_) {
                auto part = Mapping::map({range.start + run.offset, run.size}, true);
                if (!part || part->bytes().size() < run.size)
                    return outside(range.start + run.offset);
                std::memset(part->bytes().data(), static_cast<int>(pattern), run.size);
                part->accessed(run.size);
                written += run.size;
            }
            filled.written += written;
            filled.untouched += size - written;
            range = {range.start + size, range.size - size};
        }
        return filled;
    }

    Outcome visit(Range range, const Sink &sink) const override {
        while (!range.empty()) {
            const auto mapping = Mapping::map(range, false);
            if (!mapping)
                return outside(range.start);
            const auto bytes = mapping->bytes();
            if (Outcome outcome = sink(bytes); !outcome)
                return outcome;
            range = {range.start + bytes.size(), range.size - bytes.size()};
        }
        return kho::success();
    }

private:
    std::vector<HostRun> touched_;
};

}  // namespace

kexec_handover::Machine &guest_memory() {
    static GuestMemory memory;
    return memory;
}

}  // namespace qemu
