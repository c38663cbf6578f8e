// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/kho/vmalloc.h"

#include "guest/kho/preserve.h"
#include "guest/kho/sizes.h"

namespace guest {

using kho::PhysAddr;
using kho::abi::kho_vmalloc;
using kho::abi::vmalloc_chunk;
using kho::abi::vmalloc_pages_per_chunk;

namespace {

constexpr std::uint64_t slot_address(std::uint64_t chunk, unsigned slot) {
    return chunk + offsetof(vmalloc_chunk, pages) + std::uint64_t{8} * slot;
}

std::uint64_t load64(const PhysicalWindow &window, std::uint64_t at) {
    std::uint64_t v = 0;
    return window.load(PhysAddr{at}, v) ? v : 0;
}

// Calls data(address) for every data block and then chunk(address) for its chunk, which may be freed there.
template <typename Data, typename Chunk>
void for_each_block(const PhysicalWindow &window, const kho_vmalloc &area, Data &&data, Chunk &&chunk) {
    for (std::uint64_t at = area.first; at != 0;) {
        for (unsigned slot = 0; slot < vmalloc_pages_per_chunk; slot++) {
            const std::uint64_t block = load64(window, slot_address(at, slot));
            if (block == 0)
                break;
            data(PhysAddr{block});
        }
        const std::uint64_t next = load64(window, at);
        chunk(PhysAddr{at});
        at = next;
    }
}

}  // namespace

Result<kho_vmalloc> allocate_vmalloc(Pages &pages, std::uint64_t bytes) {
    const std::uint64_t total = pages_of(bytes);
    if (total == 0)
        return Errno::einval;
    if (total > UINT32_MAX)
        return Errno::efbig;
    kho_vmalloc area{.first = 0,
                     .total_pages = static_cast<std::uint32_t>(total),
                     .flags = kho::abi::kho_vmalloc_alloc,
                     .order = 0};
    std::uint64_t chunk = 0;
    for (std::uint64_t i = 0; i < total; i++) {
        const auto slot = static_cast<unsigned>(i % vmalloc_pages_per_chunk);
        if (slot == 0) {
            const Result<PhysAddr> fresh = alloc_preserve(pages, kho::page_size);
            if (!fresh) {
                free_vmalloc(pages, area);
                return fresh.error();
            }
            if (chunk == 0)
                area.first = kho::value(*fresh);
            else
                static_cast<void>(pages.window().store(PhysAddr{chunk}, kho::value(*fresh)));
            chunk = kho::value(*fresh);
        }
        const Result<PhysAddr> page = alloc_preserve(pages, kho::page_size);
        if (!page) {
            free_vmalloc(pages, area);
            return page.error();
        }
        static_cast<void>(pages.window().store(PhysAddr{slot_address(chunk, slot)}, kho::value(*page)));
    }
    return area;
}

void free_vmalloc(Pages &pages, const kho_vmalloc &area) {
    const auto give_back = [&](PhysAddr page) { static_cast<void>(unpreserve_free(pages, page)); };
    for_each_block(pages.window(), area, give_back, give_back);
}

void restore_free_vmalloc(Pages &pages, const kho_vmalloc &area) {
    const auto give_back = [&](PhysAddr page) { static_cast<void>(restore_free(pages, page)); };
    for_each_block(pages.window(), area, give_back, give_back);
}

Errno check_vmalloc(Pages &pages, const kho_vmalloc &area, Place &place) {
    constexpr unsigned known = kho::abi::kho_vmalloc_alloc | kho::abi::kho_vmalloc_huge;
    if ((area.flags & ~known) != 0)
        return fail(place, Fault::vmalloc_flags, area.first, area.flags);
    if (area.order > kho::max_order || (area.total_pages & ((std::uint32_t{1} << area.order) - 1)) != 0)
        return fail(place, Fault::vmalloc_order, area.first, area.order);
    const auto claim = [&](std::uint64_t at, unsigned order, std::uint64_t index) {
        const Result<unsigned> found = pages.order_of(PhysAddr{at});
        if (!pages.is_incoming(PhysAddr{at}) || *found != order)
            return fail(place, Fault::vmalloc_not_preserved, at, index);
        if (pages.claim(PhysAddr{at}) != Errno::ok)
            return fail(place, Fault::vmalloc_shared, at, index);
        return Errno::ok;
    };
    std::uint64_t blocks = 0;
    const std::uint64_t wanted = area.total_pages >> area.order;
    for (std::uint64_t chunk = area.first; chunk != 0; chunk = load64(pages.window(), chunk)) {
        if (const Errno error = claim(chunk, 0, blocks); error != Errno::ok)
            return error;
        for (unsigned slot = 0; slot < vmalloc_pages_per_chunk; slot++) {
            const std::uint64_t block = load64(pages.window(), slot_address(chunk, slot));
            if (block == 0)
                break;
            if (blocks == wanted)
                return fail(place, Fault::vmalloc_length, chunk, blocks);
            if (const Errno error = claim(block, area.order, blocks); error != Errno::ok)
                return error;
            blocks++;
        }
    }
    if (blocks != wanted)
        return fail(place, Fault::vmalloc_length, area.first, blocks);
    return Errno::ok;
}

VmallocCursor::VmallocCursor(const PhysicalWindow &window, const kho_vmalloc &area)
    : window_(window), chunk_(area.first), block_pages_(std::uint64_t{1} << area.order) {}

std::byte *VmallocCursor::next_page() {
    while (block_ == 0) {
        if (chunk_ == 0)
            return nullptr;
        if (slot_ < vmalloc_pages_per_chunk)
            block_ = load64(window_, slot_address(chunk_, slot_++));
        if (block_ == 0) {
            chunk_ = load64(window_, chunk_);
            slot_ = 0;
        }
    }
    std::byte *page = window_.bytes(PhysAddr{block_ + page_in_block_ * kho::page_size}, kho::page_size);
    if (++page_in_block_ == block_pages_) {
        page_in_block_ = 0;
        block_ = 0;
    }
    return page;
}

}  // namespace guest
