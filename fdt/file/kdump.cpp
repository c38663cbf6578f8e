// SPDX-License-Identifier: GPL-2.0-or-later
// Headers of a kdump-compressed dump, and its pages.
#include "fdt/file/internal/kdump.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "fdt/base/internal/text.h"
#include "fdt/file/internal/core_layout.h"
#include "fdt/file/internal/kdump_page.h"

namespace kho {
namespace {

// 8 TiB of memory. A sparse file could claim any number for nothing.
constexpr std::uint64_t max_pages = std::uint64_t{1} << 31;
// Notes and VMCOREINFO: some KiB for each CPU.
constexpr std::uint64_t max_notes = 64 << 20;

Error dump_error(std::uint64_t offset, std::string what) {
    return {.code = Errc::dump_format, .address = offset, .what = std::move(what)};
}

struct Headers {
    abi::kdump_header main;
    abi::kdump_sub_header sub;
    std::uint64_t pages;
    std::uint64_t bitmaps;      // offset of the first
    std::uint64_t bitmap_size;  // bytes of each
};

Result<Headers> read_headers(const FlatFile &file) {
    Headers headers{};
    const auto main = file.field<abi::kdump_header>(0);
    const auto block_size_32 = file.field<std::uint32_t>(abi::kdump32_block_size);
    if (!main)
        return dump_error(0, "the header goes beyond the file's end");
    headers.main = *main;
    const std::uint64_t block = headers.main.block_size;
    if (block != page_size && block_size_32 == page_size)
        return dump_error(
            0, "a 32-bit kdump header: the guest's CPU was not in 64-bit mode, or it is a 32-bit guest");
    if (block != page_size)
        return dump_error(offsetof(abi::kdump_header, block_size),
                          "blocks of " + std::to_string(block) + " bytes, expected 4096");
    const auto sub = file.field<abi::kdump_sub_header>(block);
    if (headers.main.sub_hdr_size == 0 || !sub)
        return dump_error(block, "there is no kdump_sub_header");
    headers.sub = *sub;
    if (headers.sub.split != 0)
        return dump_error(block + offsetof(abi::kdump_sub_header, split),
                          "one of several files of a split dump; makedumpfile --reassemble joins them");

    headers.pages = headers.main.header_version >= 6 ? headers.sub.max_mapnr_64 : headers.main.max_mapnr;
    const std::uint64_t pages_at = headers.main.header_version >= 6
                                       ? block + offsetof(abi::kdump_sub_header, max_mapnr_64)
                                       : offsetof(abi::kdump_header, max_mapnr);
    headers.bitmap_size = headers.main.bitmap_blocks / 2 * block;
    headers.bitmaps = (abi::kdump_header_blocks + headers.main.sub_hdr_size) * block;
    if (headers.main.bitmap_blocks == 0 || headers.main.bitmap_blocks % 2 != 0)
        return dump_error(offsetof(abi::kdump_header, bitmap_blocks),
                          std::to_string(headers.main.bitmap_blocks) + " blocks for two bitmaps");
    if (headers.pages > max_pages)
        return dump_error(pages_at,
                          hex(headers.pages) + " page frames, at most " + hex(max_pages) + " are read");
    if (headers.pages > headers.bitmap_size * 8)
        return dump_error(pages_at, hex(headers.pages) + " page frames, but the bitmaps are for " +
                                        hex(headers.bitmap_size * 8));
    return headers;
}

// The first bitmap, or the second.
Result<PageBitmap> read_bitmap(const FlatFile &file, const Headers &headers, unsigned which) {
    const std::uint64_t offset = headers.bitmaps + which * headers.bitmap_size;
    const std::uint64_t size = (headers.pages + 63) / 64 * sizeof(std::uint64_t);
    std::vector<std::uint64_t> words;
    // Nothing is allocated for what the file does not have.
    if (offset <= file.size() && size <= file.size() - offset)
        words.resize(size / sizeof(std::uint64_t));
    if (words.size() * sizeof(std::uint64_t) != size ||
        !file.read(offset, std::as_writable_bytes(std::span(words))))
        return dump_error(offset, "the bitmap goes beyond the file's end");
    return PageBitmap(std::move(words), headers.pages);
}

std::vector<std::byte> read_part(const FlatFile &file, std::uint64_t offset, std::uint64_t size) {
    std::vector<std::byte> bytes(std::min(size, max_notes));
    if (size > max_notes || !file.read(offset, bytes))
        bytes.clear();
    return bytes;
}

}  // namespace

bool KdumpMemory::is_kdump(const FlatFile &file) {
    std::array<char, 8> signature;
    return file.read(0, std::as_writable_bytes(std::span(signature))) &&
           std::string_view(signature.data(), signature.size()) == abi::kdump_signature;
}

Result<std::unique_ptr<KdumpMemory>> KdumpMemory::open(MappedFile file) {
    Result<FlatFile> flat = FlatFile::open(file.bytes());
    if (!flat)
        return flat.error();
    if (!is_kdump(flat.value()))
        return dump_error(0, "not kdump-compressed");
    const Result<Headers> read = read_headers(flat.value());
    if (!read)
        return read.error();
    const Headers &headers = read.value();
    Result<PageBitmap> dumped = read_bitmap(flat.value(), headers, 1);
    if (!dumped)
        return dumped.error();
    // The mapping stays where it is when the MappedFile moves, and so the view of it.
    std::unique_ptr<KdumpMemory> memory(
        new KdumpMemory(std::move(file), std::move(flat).value(), std::move(dumped).value()));
    memory->descriptors_ = headers.bitmaps + 2 * headers.bitmap_size;
    std::optional<RangeSet> ranges = memory->dumped_.ranges();
    if (!ranges)
        return dump_error(headers.bitmaps, "the bitmap has too many runs");
    if (headers.sub.dump_level == abi::kdump_level_no_zero_pages) {
        const Result<PageBitmap> existing = read_bitmap(memory->flat_, headers, 0);
        if (!existing)
            return existing.error();
        memory->others_are_zero_ = true;
        const std::optional<RangeSet> all = existing.value().ranges();
        if (!all)
            return dump_error(headers.bitmaps, "the bitmap has too many runs");
        if (const RangeSet stray = ranges->minus(*all); !stray.empty())
            return dump_error(headers.bitmaps, "the page at " + hex(value(stray.ranges().front().start)) +
                                                   " is in the dump but does not exist");
        ranges = all;
    }
    memory->ranges_ = std::move(*ranges);
    memory->cpus_ = headers.main.nr_cpus;
    memory->kernel_release_ =
        os_release(read_part(memory->flat_, headers.sub.offset_vmcoreinfo, headers.sub.size_vmcoreinfo));
    if (memory->kernel_release_.empty()) {
        CoreNoteReader notes;
        const auto bytes = read_part(memory->flat_, headers.sub.offset_note, headers.sub.size_note);
        // They only serve to say more about the dump.
        if (notes.read(bytes, headers.sub.offset_note))
            if (const Result<CoreNotes> found = notes.finish(false))
                memory->kernel_release_ = found.value().kernel_release;
    }
    memory->look_at_pages();
    return memory;
}

void KdumpMemory::look_at_pages() {
    if (flat_.truncated())
        warnings_.push_back("the file ends in the middle of a record, at " + hex(file_.bytes().size()) +
                            "; what follows is missing");
    if (const std::uint64_t n = dumped_.count(); n > 0 && !descriptor(n - 1))
        warnings_.push_back("the file ends before the last of " + std::to_string(n) + " page descriptors");
    const std::uint64_t first_data = descriptors_ + dumped_.count() * sizeof(abi::kdump_page);
    // A compression is seldom found in the very first pages: those are the page of zeroes, or did not shrink.
    constexpr std::uint64_t looked_at = 4096;
    for (std::uint64_t i = 0; i < std::min(dumped_.count(), looked_at); i++) {
        const std::optional<abi::kdump_page> page = descriptor(i);
        if (!page)
            break;
        if (compression_ == 0)
            compression_ = page->flags & abi::kdump_page_compressed;
        if (zero_page_ != 0 || page->offset != first_data || page->size > page_size)
            continue;
        std::vector<std::byte> packed(page->size), bytes(page_size);
        if (flat_.read(page->offset, packed) && unpack_kdump_page(packed, page->flags, PhysAddr{0}, bytes) &&
            std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; }))
            zero_page_ = page->offset;
    }
}

std::string KdumpMemory::format() const {
    return "kdump-compressed (" + kdump_compression_name(compression_) +
           (flat_.flattened() ? "), flattened" : ")");
}

std::optional<abi::kdump_page> KdumpMemory::descriptor(std::uint64_t rank) const {
    // At most max_pages of them.
    return flat_.field<abi::kdump_page>(descriptors_ + rank * sizeof(abi::kdump_page));
}

Outcome KdumpMemory::unpack(std::uint64_t page, std::span<std::byte> out) const {
    const PhysAddr address{page * page_size};
    const auto outside = [address](std::string what) {
        return Error{.code = Errc::outside_memory, .address = value(address), .what = std::move(what)};
    };
    if (!dumped_.contains(page)) {
        if (!others_are_zero_ || !ranges_.contains({address, page_size}))
            return outside("not in the dump");
        std::ranges::fill(out, std::byte{0});
        return success();
    }
    const std::optional<abi::kdump_page> where = descriptor(dumped_.rank(page));
    if (!where)
        return outside("the dump's file ends before the page's descriptor");
    if (where->size > page_size)
        return Error{
            .code = Errc::dump_format,
            .address = value(address),
            .what = "the page takes " + std::to_string(where->size) + " bytes, at most 4096 expected"};
    std::array<std::byte, page_size> packed;
    const std::span<std::byte> bytes = std::span(packed).first(where->size);
    if (!flat_.read(where->offset, bytes))
        return outside("the dump's file ends before the page, at " + hex(flat_.size()));
    return unpack_kdump_page(bytes, where->flags, address, out);
}

Outcome KdumpMemory::read(PhysAddr from, std::span<std::byte> out) const {
    while (!out.empty()) {
        const std::uint64_t page = value(from) / page_size;
        const std::uint64_t in_page = value(from) % page_size;
        const std::size_t here = std::min<std::size_t>(out.size(), page_size - in_page);
        {
            const std::lock_guard lock(mutex_);
            CachedPage &cached = cache_[page % cache_.size()];
            if (cached.number != page) {
                cached.number = ~std::uint64_t{0};
                if (Outcome outcome = unpack(page, cached.bytes); !outcome) {
                    Error error = outcome.error();
                    if (error.code == Errc::outside_memory)
                        error.address = value(from);
                    return error;
                }
                cached.number = page;
            }
            std::ranges::copy(std::span(cached.bytes).subspan(in_page, here), out.begin());
        }
        out = out.subspan(here);
        from = from + here;
    }
    return success();
}

RangeSet KdumpMemory::resident() const {
    // open() has seen that there are not too many.
    RangeSet dumped = dumped_.ranges().value_or(RangeSet());
    if (zero_page_ == 0)
        return dumped;
    std::vector<Range> found;
    std::uint64_t rank = 0;
    std::vector<abi::kdump_page> batch;
    for (const Range &range : dumped.ranges())
        for (std::uint64_t done = 0; done < range.size;) {
            constexpr std::uint64_t pages_at_once = 4096;
            const std::uint64_t count = std::min(pages_at_once, (range.size - done) / page_size);
            batch.resize(count);
            const bool there = flat_.read(descriptors_ + rank * sizeof(abi::kdump_page),
                                          std::as_writable_bytes(std::span(batch)));
            for (std::uint64_t i = 0; i < count; i++) {
                if (there && batch[i].offset == zero_page_)
                    continue;
                const PhysAddr start = range.start + done + i * page_size;
                if (!found.empty() && found.back().end() == start)
                    found.back().size += page_size;
                else
                    found.push_back({start, page_size});
            }
            rank += count;
            done += count * page_size;
        }
    return RangeSet(std::move(found));
}

}  // namespace kho
