// SPDX-License-Identifier: GPL-2.0-or-later
// The handover that the last kernel left: kho_data, KHO FDT ("kho-v1"), scratch array and the list of
// preserved memory, read with this project's own second reader (fdt/ has the first). Nothing here trusts
// the bytes: addresses are checked against RAM, counts have bounds, cycles end.
//
// In this order, since a kernel may use nothing but scratch until it has read the list:
//   1. open()            checks kho_data and FDT, copies the scratch array out
//   2. the caller makes the page map, in scratch (find_in_scratch, init_pages)
//   3. mark_preserved()  enters every preserved block into the page map
//   4. release_metadata() gives the pages of FDT, list and scratch array back
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "fdt/abi/kho.h"
#include "guest/kho/fault.h"
#include "guest/kho/memory_layout.h"
#include "guest/kho/pages.h"

namespace guest {

class IncomingHandover {
public:
    static constexpr std::size_t max_scratch = 64;
    static constexpr std::size_t max_subtrees = 32;

    struct Subtree {
        char name[48] = {};  // NUL-terminated, cut if longer
        kho::PhysAddr fdt{};
    };

    constexpr IncomingHandover() = default;

    Errno open(const PhysicalWindow &window, const kho::abi::kho_data &data, const MemoryLayout &layout,
               Place &place);
    Errno mark_preserved(Pages &pages, Place &place);
    // Frees what of the metadata is preserved and not claimed; returns the number of pages.
    std::uint64_t release_metadata(Pages &pages);

    std::span<const kho::abi::kho_scratch> scratch() const { return {scratch_.data(), scratch_count_}; }
    std::span<const Subtree> subtrees() const { return {subtrees_.data(), subtree_count_}; }
    // Address of the FDT of that subtree, 0 if there is none.
    kho::PhysAddr subtree(std::string_view name) const;

    kho::PhysAddr memory_map() const { return memory_map_; }
    std::uint64_t chunks() const { return chunks_; }
    std::uint64_t blocks() const { return blocks_; }
    // Metadata pages that the list does not preserve: the last kernel's next user may overwrite them. Linux
    // 6.19 leaves its chunks so; the device does not.
    std::uint64_t unpreserved_metadata() const { return unpreserved_metadata_; }
    kho::PhysAddr first_unpreserved_metadata() const { return first_unpreserved_; }

private:
    Errno read_fdt(const PhysicalWindow &window, Place &place);
    Errno read_subtrees(const void *fdt, Place &place);
    Errno read_scratch(const PhysicalWindow &window, const MemoryLayout &layout, Place &place);
    Errno mark_chunk(Pages &pages, const kho::abi::mem_chunk &chunk, std::uint64_t at, Place &place);
    Errno mark_bitmap(Pages &pages, const kho::abi::mem_bitmap_ref &ref, unsigned order, Place &place);
    template <typename Visit>
    void for_each_metadata_page(const PhysicalWindow &window, Visit &&visit) const;

    kho::abi::kho_data data_{};
    kho::PhysAddr memory_map_{};
    std::array<kho::abi::kho_scratch, max_scratch> scratch_{};
    std::size_t scratch_count_ = 0;
    std::array<Subtree, max_subtrees> subtrees_{};
    std::size_t subtree_count_ = 0;
    std::uint64_t chunks_ = 0;
    std::uint64_t blocks_ = 0;
    std::uint64_t unpreserved_metadata_ = 0;
    kho::PhysAddr first_unpreserved_{};
};

}  // namespace guest
