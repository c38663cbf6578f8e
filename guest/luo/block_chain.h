// SPDX-License-Identifier: GPL-2.0-or-later
// Chains of blocks, in which luo-v5 has sessions and files: a block is a preserved page.
//
//   first ──> {next, count, entries ...} ──next──> {next, count, entries ...} ──> 0
//
// Compare kernel/liveupdate/kho_block.c (7.2).
#pragma once

#include "fdt/abi/luo_v5.h"
#include "guest/kho/fault.h"
#include "guest/kho/preserve.h"

namespace guest {

// Claims each block and calls visit(entry, its address) until that returns something else than Errno::ok. A
// block without entries, with too many, that is not a preserved page or was seen before is refused.
template <typename Entry, typename Visit>
Errno read_blocks(Pages &pages, kho::PhysAddr first, Place &place, Visit &&visit) {
    constexpr std::uint64_t fit = (kho::page_size - sizeof(kho::abi::kho_block_header_ser)) / sizeof(Entry);
    std::uint64_t blocks = 0;
    for (kho::PhysAddr block = first; block != kho::PhysAddr{}; blocks++) {
        const std::uint64_t at = kho::value(block);
        if (blocks == kho::abi::max_blocks)
            return fail(place, Fault::block_too_many, at, blocks);
        if (const Result<unsigned> order = pages.order_of(block); !pages.is_incoming(block) || *order != 0)
            return fail(place, Fault::block_address, at, blocks);
        if (pages.claim(block) != Errno::ok)
            return fail(place, Fault::block_shared, at, blocks);
        kho::abi::kho_block_header_ser header{};
        static_cast<void>(pages.window().load(block, header));
        if (header.count == 0 || header.count > fit)
            return fail(place, Fault::block_count, at, header.count);
        for (std::uint64_t i = 0; i < header.count; i++) {
            const kho::PhysAddr entry_at = block + (sizeof(header) + i * sizeof(Entry));
            Entry entry;
            static_cast<void>(pages.window().load(entry_at, entry));
            if (const Errno error = visit(entry, kho::value(entry_at)); error != Errno::ok)
                return error;
        }
        block = kho::PhysAddr{header.next};
    }
    return Errno::ok;
}

}  // namespace guest
