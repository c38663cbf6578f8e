// SPDX-License-Identifier: GPL-2.0-or-later
// Memory out of a kdump-compressed dump, plain or flattened. A page is unpacked when it is read. Internal to
// the readers of images.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fdt/abi/kdump.h"
#include "fdt/file/image_memory.h"
#include "fdt/file/internal/flat_file.h"

namespace kho {

// Which pages are in the dump, and the place of each among them.
class PageBitmap {
public:
    // Bits from `pages` on are ignored.
    PageBitmap(std::vector<std::uint64_t> words, std::uint64_t pages);

    bool contains(std::uint64_t page) const;
    std::uint64_t rank(std::uint64_t page) const;  // how many set bits are below it
    std::uint64_t count() const { return count_; }
    // Nothing if there are more runs than could be kept.
    std::optional<RangeSet> ranges() const;

private:
    std::vector<std::uint64_t> words_;
    std::vector<std::uint64_t> ranks_;  // of every eighth word
    std::uint64_t pages_;
    std::uint64_t count_ = 0;
};

class KdumpMemory final : public ImageMemory {
public:
    static bool is_kdump(const FlatFile &file);

    // Errors: dump_format, with the offset (in the file put in order) of the field that is at fault.
    static Result<std::unique_ptr<KdumpMemory>> open(MappedFile file);

    // As Memory::read, and dump_format, dump_compression for a page that cannot be unpacked. Of a file that
    // was cut off the missing pages are outside_memory. Can be called from several threads.
    Outcome read(PhysAddr from, std::span<std::byte> out) const override;
    const RangeSet &ranges() const override { return ranges_; }
    RangeSet resident() const override;

    unsigned cpus() const { return cpus_; }
    const std::string &kernel_release() const { return kernel_release_; }
    // "kdump-compressed (zlib), flattened"
    std::string format() const;
    const std::vector<std::string> &warnings() const { return warnings_; }

private:
    struct CachedPage {
        std::uint64_t number = ~std::uint64_t{0};
        std::array<std::byte, page_size> bytes;
    };

    KdumpMemory(MappedFile file, FlatFile flat, PageBitmap dumped)
        : file_(std::move(file)), flat_(std::move(flat)), dumped_(std::move(dumped)) {}
    std::optional<abi::kdump_page> descriptor(std::uint64_t rank) const;
    Outcome unpack(std::uint64_t page, std::span<std::byte> out) const;
    void look_at_pages();

    MappedFile file_;
    FlatFile flat_;
    PageBitmap dumped_;
    RangeSet ranges_;
    std::uint64_t descriptors_ = 0;  // offset of the first
    // QEMU and makedumpfile keep one page of zeroes for all: where. 0: nowhere.
    std::uint64_t zero_page_ = 0;
    bool others_are_zero_ = false;  // pages that exist and are not in the dump
    std::uint32_t compression_ = 0;
    unsigned cpus_ = 0;
    std::string kernel_release_;
    std::vector<std::string> warnings_;

    mutable std::mutex mutex_;
    mutable std::vector<CachedPage> cache_{64};
};

}  // namespace kho
