// SPDX-License-Identifier: GPL-2.0-or-later
// The pages of a handover that is being written: allocated, filled, and readable as guest memory.
#pragma once

#include <cstddef>
#include <cstring>
#include <map>
#include <span>
#include <vector>

#include "fdt/base/error.h"
#include "fdt/base/memory.h"
#include "fdt/model/handover.h"
#include "fdt/model/page_allocator.h"

namespace kho {

class MetadataPages final : public Memory {
public:
    explicit MetadataPages(const RangeSet &free) : allocator_(free) {}

    struct Block {
        PhysAddr address{};
        std::span<std::byte> bytes;  // zeroed; valid as long as the MetadataPages
    };

    // A block of its own order, preserved as kho_alloc_preserve() and kho_preserve_pages() of one page do.
    // Errors: no_room.
    Result<Block> preserved(unsigned order);
    // Neighbouring pages that are not preserved. Errors: no_room.
    Result<Block> unpreserved(std::uint64_t pages);

    // Writes an object at the start of a block.
    template <typename T>
    static void put(const Block &block, const T &object, std::uint64_t offset = 0) {
        static_assert(std::is_trivially_copyable_v<T>);
        std::memcpy(block.bytes.data() + offset, &object, sizeof object);
    }

    std::span<const PreservedBlocks> blocks() const { return blocks_; }
    RangeSet ranges() const;  // of all pages, the preserved ones or not
    Outcome read(PhysAddr from, std::span<std::byte> out) const override;

private:
    Block store(PhysAddr address, std::uint64_t size);

    PageAllocator allocator_;
    std::vector<PreservedBlocks> blocks_;
    std::map<PhysAddr, std::vector<std::byte>> pages_;
};

}  // namespace kho
