// SPDX-License-Identifier: GPL-2.0-or-later
// The page allocator: one byte of state for every page frame up to the top of RAM.
//
//   absent     no RAM, or not usable by the map
//   reserved   usable, but never given out
//   scratch    the next kernel's first memory
//   free
//   used       head of a folio that was given out
//   preserved  the same, and part of the next handover
//   incoming   head of a block that the last kernel preserved
//   claimed    the same, and some structure refers to it
//   entered    the same, but only to pages behind the first
//   tail       any page of a folio or block but the first; taken: some structure refers to just this one
//
//             allocate                preserve
//      free ───────────> used ───────────────────> preserved
//           <───────────      <───────────────────
//              free      ^        unpreserve
//                        │ restore
//      incoming ──claim──┴──> claimed
//
// An order 0..10 folio is naturally aligned. Searching is next-fit with a position for each order, so n
// allocations take O(n + pages). Whatever an address does not fit to (double free, not a head, wrong order)
// is EINVAL and changes nothing. Counts are kept page for page.
#pragma once

#include <cstdint>

#include "fdt/abi/phys.h"
#include "guest/kho/result.h"
#include "guest/kho/window.h"

namespace guest {

enum class Zone : std::uint8_t {
    any,
    high,  // above 4 GiB; ENOMEM if there is no memory there
};

class Pages {
public:
    struct Counts {
        std::uint64_t free = 0;
        std::uint64_t used = 0;  // not preserved
        std::uint64_t preserved = 0;
        std::uint64_t incoming = 0;  // claimed included
        std::uint64_t scratch = 0;
        bool operator==(const Counts &) const = default;
    };

    // Bytes that the state of all pages below `top` takes, a multiple of the page size.
    static constexpr std::uint64_t map_bytes(std::uint64_t top) {
        return kho::align_up(top >> kho::page_shift, kho::page_size);
    }

    constexpr Pages() = default;

    // Everything is absent at first. `map` has map_bytes(top) bytes of memory that stay reserved.
    Errno init(PhysicalWindow window, kho::PhysAddr map, std::uint64_t top);

    // Building the map, from the outside in: RAM, then what of it is not to be given out. A range is
    // rounded inwards for RAM and outwards for the rest, and cut at the top.
    void add_ram(kho::PhysAddr start, std::uint64_t size);
    void remove_ram(kho::PhysAddr start, std::uint64_t size);
    void reserve(kho::PhysAddr start, std::uint64_t size);
    void set_scratch(kho::PhysAddr start, std::uint64_t size);

    // A block of the last kernel. EINVAL: unaligned or not RAM; EBUSY: in scratch or reserved; EEXIST: twice.
    Errno add_incoming(kho::PhysAddr start, unsigned order);

    // Folios are given out up to this order: kho::max_order, as in the kernel, unless a measurement wants
    // more (at most kho::max_block_order).
    unsigned largest_order() const { return largest_order_; }
    void set_largest_order(unsigned order) { largest_order_ = order; }

    // From where on memory is given out first.
    void start_at(kho::PhysAddr at);

    Result<kho::PhysAddr> allocate(unsigned order, Zone zone = Zone::any);
    Result<kho::PhysAddr> allocate_zeroed(unsigned order);
    Errno free(kho::PhysAddr folio);

    // Leaves a gap before the next folio of this order: preserved memory shall not lie in one piece.
    void skip(unsigned order, std::uint64_t blocks);

    // Neighbouring folios of order 0.
    Result<kho::PhysAddr> allocate_run(std::uint64_t pages);
    Errno free_run(kho::PhysAddr start, std::uint64_t pages);

    Errno preserve(kho::PhysAddr folio);
    Errno unpreserve(kho::PhysAddr folio);

    // Says that a structure refers to an incoming block. EINVAL: not its head; EBUSY: another one does
    // already.
    Errno claim(kho::PhysAddr block);
    // The same of one page of an incoming block of any size, since many structures can share a block. Who
    // claims the block later finds it EBUSY. EINVAL: the page is in no incoming block.
    Errno claim_page(kho::PhysAddr page);
    // Makes a free block an incoming one that is claimed: what a kernel that checks nothing would do.
    Errno adopt(kho::PhysAddr block, unsigned order);
    // Whether memory of the last kernel's that is given back stays as it is, and is not given out again: for
    // who only looks at a handover. Then retire() takes the place of restore() and free().
    bool keeps_incoming() const { return keeps_incoming_; }
    void keep_incoming() { keeps_incoming_ = true; }
    Errno retire(kho::PhysAddr block);
    // An incoming block, claimed or not, becomes a used folio (up to the largest order) or a used run.
    Errno restore(kho::PhysAddr block);

    // The order of the folio or block whose head is at `at`, of any of these states; EINVAL otherwise.
    Result<unsigned> order_of(kho::PhysAddr at) const;
    // The head of the folio or block that holds this page; EINVAL: none does.
    Result<kho::PhysAddr> block_of(kho::PhysAddr page) const;
    bool is_incoming(kho::PhysAddr at) const {
        return is_head(at, incoming) || is_head(at, claimed) || is_head(at, entered);
    }
    bool is_preserved(kho::PhysAddr at) const { return is_head(at, preserved); }
    bool is_scratch(kho::PhysAddr at) const { return in_map(at) && map_[pfn(at)] == scratch; }
    bool is_free(kho::PhysAddr at) const { return in_map(at) && map_[pfn(at)] == free_page; }

    const Counts &counts() const { return counts_; }
    std::uint64_t top() const { return frames_ << kho::page_shift; }
    const PhysicalWindow &window() const { return window_; }

    // The bytes of memory that was given out, restored or claimed; nullptr outside of RAM.
    std::byte *bytes(kho::PhysAddr at, std::uint64_t size) const { return window_.bytes(at, size); }

    // Calls visit(PhysAddr, order) for each block preserved for the next kernel, ascending by address.
    template <typename Visit>
    void for_each_preserved(Visit &&visit) const {
        for (std::uint64_t f = first_preserved_; f < end_preserved_;) {
            if (no_head_in_eight(f)) {
                f += 8;
                continue;
            }
            const std::uint8_t state = map_[f];
            if (kind(state) == preserved)
                visit(kho::PhysAddr{f << kho::page_shift}, state & order_mask);
            f += kind(state) >= used ? std::uint64_t{1} << (state & order_mask) : 1;
        }
    }

    // Failure injection: the n-th allocation from now on fails, once. 0: none.
    void fail_allocation(std::uint64_t n) { fail_in_ = n; }
    bool failure_pending() const { return fail_in_ != 0; }

private:
    static constexpr std::uint8_t absent = 0, reserved = 1, scratch = 2, tail = 3, free_page = 4,
                                  taken_tail = 5;
    static constexpr std::uint8_t used = 0x20, preserved = 0x40, incoming = 0x80, claimed = 0xa0,
                                  entered = 0xc0;
    static constexpr std::uint8_t order_mask = 0x1f;

    static constexpr std::uint8_t kind(std::uint8_t state) { return state & 0xe0; }
    static constexpr std::uint64_t pfn(kho::PhysAddr at) { return kho::value(at) >> kho::page_shift; }

    bool in_map(kho::PhysAddr at) const { return kho::is_page_aligned(at) && pfn(at) < frames_; }
    bool is_head(kho::PhysAddr at, std::uint8_t of) const { return in_map(at) && kind(map_[pfn(at)]) == of; }
    bool no_head_in_eight(std::uint64_t frame) const {
        if (end_preserved_ - frame < 8)
            return false;
        std::uint64_t word;
        __builtin_memcpy(&word, map_ + frame, 8);
        return (word & 0xe0e0e0e0e0e0e0e0) == 0;
    }
    bool all(std::uint64_t frame, std::uint64_t count, std::uint8_t state) const;
    void set(std::uint64_t frame, std::uint64_t count, std::uint8_t state);
    void set_folio(std::uint64_t frame, unsigned order, std::uint8_t head);
    std::uint64_t &count_of(std::uint8_t state);
    void paint(std::uint64_t first, std::uint64_t end, std::uint8_t state);
    Errno turn(kho::PhysAddr folio, std::uint8_t from, std::uint8_t to);
    bool injected_failure();
    void note_preserved(std::uint64_t frame, std::uint64_t count);

    PhysicalWindow window_;
    std::uint8_t *map_ = nullptr;
    std::uint64_t frames_ = 0;
    unsigned largest_order_ = kho::max_order;
    bool keeps_incoming_ = false;
    Counts counts_;
    std::uint64_t next_[2][kho::max_block_order + 1] = {};  // by zone and order
    std::uint64_t next_run_ = 0;
    std::uint64_t first_preserved_ =
        ~std::uint64_t{0};  // bounds, so that enumeration need not look everywhere
    std::uint64_t end_preserved_ = 0;
    std::uint64_t fail_in_ = 0;
};

}  // namespace guest
