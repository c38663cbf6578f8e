// SPDX-License-Identifier: GPL-2.0-or-later
// Reading the map of preserved memory, and the pages that hold it, FDT, scratch array and subtrees.
#include "fdt/abi/luo.h"
#include "guest/kho/incoming.h"
#include "guest/kho/preserve.h"
#include "guest/kho/sizes.h"

namespace guest {

using kho::PhysAddr;

bool can_be_metadata(const Pages &pages, std::uint64_t at) {
    const Result<PhysAddr> block = pages.block_of(PhysAddr{at});
    return block ? pages.is_incoming(*block) : pages.is_free(PhysAddr{at});
}

const std::byte *metadata_page(const Pages &pages, std::uint64_t at) {
    return can_be_metadata(pages, at) ? pages.bytes(PhysAddr{at}, kho::page_size) : nullptr;
}

Errno mark_block(PreservedMap &map, Pages &pages, std::uint64_t block, unsigned order, Place &place) {
    switch (pages.add_incoming(PhysAddr{block}, order)) {
        case Errno::ok:
            map.blocks++;
            return Errno::ok;
        case Errno::ebusy:
            return fail(place, Fault::block_in_scratch, block, order);
        case Errno::eexist:
            return fail(place, Fault::block_twice, block, order);
        default:
            return fail(place, Fault::block_outside_ram, block, order);
    }
}

Errno IncomingHandover::mark_preserved(Pages &pages, Place &place) {
    const Errno error = format_->map->mark(map_, pages, place);
    return error == Errno::ok ? claim_metadata(pages, place) : error;
}

// The pages of the map, then FDT, scratch array and subtrees.
Errno IncomingHandover::for_each_metadata_page(const PhysicalWindow &window, PageVisit visit) const {
    if (const Errno error = format_->map->for_each_page(map_, window, visit); error != Errno::ok)
        return error;
    if (const Errno error = visit(PhysAddr{data_.fdt_addr}, Fault::kho_fdt_address); error != Errno::ok)
        return error;
    const std::uint64_t scratch_end = data_.scratch_addr + data_.scratch_size;
    for (std::uint64_t at = kho::align_down(data_.scratch_addr, kho::page_size); at < scratch_end;
         at += kho::page_size)
        if (const Errno error = visit(PhysAddr{at}, Fault::scratch_address); error != Errno::ok)
            return error;
    for (const Subtree &entry : subtrees()) {
        if (entry.name == std::string_view(kho::abi::luo_subtree_name))
            continue;
        for (std::uint64_t page = 0; page < pages_of(entry.size); page++)
            if (const Errno error = visit(entry.address + page * kho::page_size, Fault::subtree_property);
                error != Errno::ok)
                return error;
    }
    return Errno::ok;
}

Errno IncomingHandover::claim_metadata_page(Pages &pages, PhysAddr page, Fault outside, Place &place) {
    // Linux loads the array of scratch areas as it loads the next kernel: into scratch.
    if (outside == Fault::scratch_address && pages.is_scratch(page))
        return Errno::ok;
    if (!can_be_metadata(pages, value(page)))
        return fail(place, outside, value(page));
    if (pages.is_free(page)) {
        if (unpreserved_metadata_++ == 0)
            first_unpreserved_ = page;
        return pages.adopt(page, 0);
    }
    return pages.claim_page(page) == Errno::ok ? Errno::ok : fail(place, Fault::metadata_shared, value(page));
}

Errno IncomingHandover::claim_metadata(Pages &pages, Place &place) {
    return for_each_metadata_page(pages.window(), [&](PhysAddr page, Fault outside) {
        return claim_metadata_page(pages, page, outside, place);
    });
}

std::uint64_t IncomingHandover::release_metadata(Pages &pages) {
    if (released_)
        return 0;
    released_ = true;
    const std::uint64_t before = pages.counts().incoming;
    static_cast<void>(for_each_metadata_page(pages.window(), [&](PhysAddr page, Fault) {
        // Nothing: it went with an earlier page of its block.
        if (const Result<PhysAddr> block = pages.block_of(page); block)
            static_cast<void>(restore_free(pages, *block));
        return Errno::ok;
    }));
    return before - pages.counts().incoming;
}

}  // namespace guest
