// SPDX-License-Identifier: GPL-2.0-or-later
// The handover that the last kernel left: kho_data, KHO FDT, scratch array and the map of preserved memory (a
// list of chunks or a radix tree), read with this project's own second
// reader (fdt/ has the first). Nothing here trusts the bytes: addresses are checked against RAM, counts have
// bounds, cycles end.
//
// In this order, since a kernel may use nothing but scratch until it has read the map:
//   1. open()            checks kho_data and FDT, copies the scratch array out
//   2. the caller makes the page map, in scratch (find_in_scratch, init_pages)
//   3. mark_preserved()  enters every preserved block into the page map, and claims the pages that hold FDT,
//                        scratch array, map and subtrees, so that nothing else can be in them
//   4. release_metadata() gives these pages back
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "fdt/abi/kho.h"
#include "guest/kho/fault.h"
#include "guest/kho/formats.h"
#include "guest/kho/memory_layout.h"
#include "guest/kho/pages.h"

namespace guest {

class IncomingHandover {
public:
    static constexpr std::size_t max_scratch = 64;
    static constexpr std::size_t max_subtrees = 32;

    struct Subtree {
        char name[48] = {};         // NUL-terminated, cut if longer
        std::size_t name_size = 0;  // of all of it
        kho::PhysAddr address{};
        std::uint64_t size = 0;  // bytes; a page in kho-v1, which does not tell
    };

    constexpr IncomingHandover() = default;

    Errno open(const PhysicalWindow &window, const kho::abi::kho_data &data, const MemoryLayout &layout,
               Place &place);
    Errno mark_preserved(Pages &pages, Place &place);
    // Frees the blocks that hold metadata, all but the LUO FDT, which its reader claims; returns the number
    // of pages. Until then they keep their content. The second time there is nothing left.
    std::uint64_t release_metadata(Pages &pages);

    std::span<const kho::abi::kho_scratch> scratch() const { return {scratch_.data(), scratch_count_}; }
    std::span<const Subtree> subtrees() const { return {subtrees_.data(), subtree_count_}; }
    // Of a name of at most 47 bytes; nullptr if there is none.
    const Subtree *subtree(std::string_view name) const;

    // Once open() was successful.
    const KhoFormat &format() const { return *format_; }
    // Of the map: chunks of the list, or nodes and leaves of the tree.
    std::uint64_t nodes() const { return map_.nodes; }
    std::uint64_t blocks() const { return map_.blocks; }
    // Metadata pages that the map does not preserve: Linux leaves chunks, nodes and leaves so; the device
    // does not. They are kept from other users all the same.
    std::uint64_t unpreserved_metadata() const { return unpreserved_metadata_; }
    kho::PhysAddr first_unpreserved_metadata() const { return first_unpreserved_; }

private:
    Errno read_fdt(const PhysicalWindow &window, Place &place);
    Errno read_subtrees(const void *fdt, Place &place);
    Errno read_subtree(const void *fdt, int node, Place &place);
    Errno read_scratch(const PhysicalWindow &window, const MemoryLayout &layout, Place &place);
    Errno claim_metadata(Pages &pages, Place &place);
    Errno claim_metadata_page(Pages &pages, kho::PhysAddr page, Fault outside, Place &place);
    Errno for_each_metadata_page(const PhysicalWindow &window, PageVisit visit) const;

    kho::abi::kho_data data_{};
    PreservedMap map_;
    std::array<kho::abi::kho_scratch, max_scratch> scratch_{};
    std::size_t scratch_count_ = 0;
    std::array<Subtree, max_subtrees> subtrees_{};
    std::size_t subtree_count_ = 0;
    const KhoFormat *format_ = nullptr;
    std::uint64_t unpreserved_metadata_ = 0;
    kho::PhysAddr first_unpreserved_{};
    bool released_ = false;
};

}  // namespace guest
