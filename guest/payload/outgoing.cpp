// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/payload/outgoing.h"

#include <algorithm>

#include "guest/kho/preserve.h"
#include "guest/kho/sizes.h"
#include "guest/kho/words.h"

namespace guest {

using kexec_handover::ArrayRef;
using kexec_handover::Descriptor;
using kexec_handover::MemoryRange;
using kexec_handover::PreservedRange;
using kexec_handover::Subtree;
using kho::PhysAddr;
using kho::abi::kho_scratch;

namespace {

// Hands out neighbouring arrays of a zeroed run.
class Carver {
public:
    Carver(const Pages &pages, PhysAddr at) : pages_(&pages), at_(at) {}

    template <typename T>
    T *take(std::uint64_t count) {
        T *array = reinterpret_cast<T *>(pages_->bytes(at_, count * sizeof(T)));
        at_ = at_ + kho::align_up(count * sizeof(T), 64);
        return array;
    }
    static constexpr std::uint64_t size(std::uint64_t count, std::uint64_t entry) {
        return kho::align_up(count * entry, 64);
    }

private:
    const Pages *pages_;
    PhysAddr at_;
};

}  // namespace

Result<Outgoing> build_outgoing(Pages &pages, const OutgoingRequest &request) {
    const std::uint64_t ranges = request.found != 0 ? 0 : count_preserved_ranges(pages);
    // Two more preserved ranges: forgetting a block can split one.
    const std::uint64_t bytes = Carver::size(1, sizeof(Descriptor)) +
                                Carver::size(request.memory_map.size() + 1, sizeof(MemoryRange)) +
                                Carver::size(request.scratch.size() + 1, sizeof(kho_scratch)) +
                                Carver::size(ranges + 2, sizeof(PreservedRange)) +
                                Carver::size(2, sizeof(Subtree)) +
                                Carver::size(1, sizeof(kho::abi::kho_data));
    Outgoing out;
    out.run_pages = pages_of(bytes);
    const Result<PhysAddr> run = pages.allocate_run(out.run_pages);
    if (!run)
        return run.error();
    out.run = *run;
    zero_words(pages.bytes(out.run, out.run_pages * kho::page_size), out.run_pages * kho::page_size);

    Carver carver(pages, out.run);
    out.descriptor = carver.take<Descriptor>(1);
    out.memory_map = carver.take<MemoryRange>(request.memory_map.size() + 1);
    out.scratch = carver.take<kho_scratch>(request.scratch.size() + 1);
    out.preserved = carver.take<PreservedRange>(ranges + 2);
    out.subtrees = carver.take<Subtree>(2);
    auto *handover = carver.take<kho::abi::kho_data>(1);
    *handover = request.handover;
    std::copy(request.memory_map.begin(), request.memory_map.end(), out.memory_map);
    std::copy(request.scratch.begin(), request.scratch.end(), out.scratch);
    static_cast<void>(list_preserved_ranges(pages, {out.preserved, ranges}));
    out.preserved_bytes = pages.counts().preserved << kho::page_shift;

    const auto reference = [&](const void *array, std::uint64_t count) {
        return ArrayRef{kho::value(pages.window().address(array)), count};
    };
    *out.descriptor = Descriptor{
        .magic = kexec_handover::descriptor_magic,
        .size = sizeof(Descriptor),
        .flags = request.found,
        .memory_map = reference(out.memory_map, request.memory_map.size()),
        .scratch = reference(out.scratch, request.scratch.size()),
        .preserved = reference(out.preserved, ranges),
        .subtrees = reference(out.subtrees, 0),
        .session_header = kho::value(request.session_header),
        .liveupdate_number = request.liveupdate_number,
        .acpi_rsdp = request.acpi_rsdp,
        .flb_header = kho::value(request.flb_header),
        .handover = request.found == kexec_handover::found_in_memory
                        ? kho::value(pages.window().address(handover))
                        : 0,
        .reserved = 0,
    };
    return out;
}

void free_outgoing(Pages &pages, const Outgoing &outgoing) {
    static_cast<void>(pages.free_run(outgoing.run, outgoing.run_pages));
}

bool forget_block(Outgoing &outgoing, PhysAddr at) {
    std::uint64_t &count = outgoing.descriptor->preserved.count;
    for (std::uint64_t i = 0; i < count; i++) {
        PreservedRange &range = outgoing.preserved[i];
        const std::uint64_t block = kho::order_bytes(range.order);
        if (kho::value(at) < range.address || kho::value(at) - range.address >= block * range.count)
            continue;
        const auto before = static_cast<std::uint32_t>((kho::value(at) - range.address) / block);
        const std::uint32_t after = range.count - before - 1;
        const PreservedRange rest{range.address + (before + 1) * block, range.order, after};
        range.count = before;
        if (before == 0) {
            // The last one takes its place; the order of the list means nothing.
            range = outgoing.preserved[--count];
            outgoing.preserved[count] = {};
        }
        if (after > 0)
            outgoing.preserved[count++] = rest;
        outgoing.preserved_bytes -= block;
        return true;
    }
    return false;
}

}  // namespace guest
