// SPDX-License-Identifier: GPL-2.0-or-later
// Areas of separate pages (kho_vmalloc): what Linux preserves of a vmalloc area.
//
//   kho_vmalloc.first ──> chunk {next, up to 511 page addresses} ──next──> chunk ──> 0
//
// Allocating makes order 0 pages. A reader takes every order up to kho::max_order, as the kernel does.
#pragma once

#include "fdt/abi/kho.h"
#include "guest/kho/fault.h"
#include "guest/kho/pages.h"

namespace guest {

// Zeroed data pages for `bytes` (not 0) and their chunks, all preserved. ENOMEM: nothing was taken.
Result<kho::abi::kho_vmalloc> allocate_vmalloc(Pages &pages, std::uint64_t bytes);

// The reverse, in the same kernel.
void free_vmalloc(Pages &pages, const kho::abi::kho_vmalloc &area);

// Checks an area of the last kernel and claims its chunks and data pages: known flags, order, chain length
// equal to total_pages, every address the head of a preserved block of the right order that nothing
// else refers to. Bounded whatever the chain is; a cycle shows as a shared chunk.
Errno check_vmalloc(Pages &pages, const kho::abi::kho_vmalloc &area, Place &place);

// Gives the pages of a checked area back.
void restore_free_vmalloc(Pages &pages, const kho::abi::kho_vmalloc &area);

// Walks over the data pages of an area that was allocated here or checked.
class VmallocCursor {
public:
    VmallocCursor(const PhysicalWindow &window, const kho::abi::kho_vmalloc &area);

    // The next data page, or nullptr at the end. Blocks of a higher order come page by page.
    std::byte *next_page();

private:
    PhysicalWindow window_;  // a copy: callers pass temporaries
    std::uint64_t chunk_;
    unsigned slot_ = 0;
    std::uint64_t block_ = 0;  // address of the block under way, 0: none
    std::uint64_t page_in_block_ = 0;
    std::uint64_t block_pages_;
};

}  // namespace guest
