// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/kho/preserve.h"

#include <algorithm>

namespace guest {

using kexec_handover::PreservedRange;
using kho::PhysAddr;

unsigned order_for(std::uint64_t bytes) {
    if (bytes <= kho::page_size)
        return 0;
    return 64 - static_cast<unsigned>(__builtin_clzll((bytes - 1) >> kho::page_shift));
}

Result<PhysAddr> alloc_preserve(Pages &pages, std::uint64_t bytes) {
    if (bytes == 0)
        return Errno::einval;
    const unsigned order = order_for(bytes);
    if (order > pages.largest_order())
        return Errno::efbig;
    const Result<PhysAddr> folio = pages.allocate_zeroed(order);
    if (!folio)
        return folio;
    if (const Errno error = pages.preserve(*folio); error != Errno::ok)
        return error;  // our own bug: a fresh folio is always used
    return folio;
}

Errno unpreserve_free(Pages &pages, PhysAddr folio) {
    if (const Errno error = pages.unpreserve(folio); error != Errno::ok)
        return error;
    return pages.free(folio);
}

Errno restore_free(Pages &pages, PhysAddr block) {
    if (pages.keeps_incoming())
        return pages.retire(block);
    const Result<unsigned> order = pages.order_of(block);
    if (!order)
        return order.error();
    if (const Errno error = pages.restore(block); error != Errno::ok)
        return error;
    return *order <= pages.largest_order() ? pages.free(block)
                                           : pages.free_run(block, std::uint64_t{1} << *order);
}

namespace {

// Calls emit(PreservedRange) for each joined range.
template <typename Emit>
void join_ranges(const Pages &pages, Emit &&emit) {
    PreservedRange run{};
    pages.for_each_preserved([&](PhysAddr at, unsigned order) {
        if (run.count != 0 && run.order == order &&
            run.address + run.count * kho::order_bytes(order) == kho::value(at)) {
            run.count++;
            return;
        }
        if (run.count != 0)
            emit(run);
        run = {kho::value(at), order, 1};
    });
    if (run.count != 0)
        emit(run);
}

}  // namespace

std::uint64_t count_preserved_ranges(const Pages &pages) {
    std::uint64_t count = 0;
    join_ranges(pages, [&](const PreservedRange &) { count++; });
    return count;
}

std::uint64_t list_preserved_ranges(const Pages &pages, std::span<PreservedRange> ranges) {
    std::uint64_t count = 0;
    join_ranges(pages, [&](const PreservedRange &range) {
        if (count < ranges.size())
            ranges[count] = range;
        count++;
    });
    return count;
}

}  // namespace guest
