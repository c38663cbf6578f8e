// SPDX-License-Identifier: GPL-2.0-or-later
// kdump-compressed dumps made by hand, right in every field, for tests to break one.
#pragma once

#include <endian.h>
#include <lzo/lzo1x.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "fdt/abi/kdump.h"

namespace kho {

using PageContent = std::array<std::byte, page_size>;

inline PageContent text_page(std::string_view text) {
    PageContent page{};
    for (std::size_t i = 0; i < 3000; i++) page[i] = static_cast<std::byte>(text[i % text.size()]);
    return page;
}
inline PageContent noise_page(std::uint32_t seed) {
    PageContent page{};
    for (std::byte &b : page) b = static_cast<std::byte>((seed = seed * 1664525 + 1013904223) >> 24);
    return page;
}

inline std::vector<std::byte> packed_page(const PageContent &page, std::uint32_t flags) {
    std::vector<std::byte> out(2 * page_size);
    const auto *in = reinterpret_cast<const unsigned char *>(page.data());
    auto *to = reinterpret_cast<unsigned char *>(out.data());
    std::size_t size = out.size();
    bool done = false;
    if (flags == abi::kdump_page_zlib) {
        uLongf length = size;
        done = compress2(to, &length, in, page.size(), 1) == Z_OK;
        size = length;
    } else if (flags == abi::kdump_page_lzo) {
        std::vector<unsigned char> work(LZO1X_1_MEM_COMPRESS);
        lzo_uint length = size;
        done = lzo1x_1_compress(in, page.size(), to, &length, work.data()) == LZO_E_OK;
        size = length;
    } else if (flags == abi::kdump_page_snappy) {
        done = snappy_compress(reinterpret_cast<const char *>(in), page.size(), reinterpret_cast<char *>(to),
                               &size) == SNAPPY_OK;
    } else if (flags == abi::kdump_page_zstd) {
        size = ZSTD_compress(to, size, in, page.size(), 1);
        done = ZSTD_isError(size) == 0;
    } else {
        std::ranges::copy(page, out.begin());
        size = page.size();
        done = true;
    }
    if (!done)
        std::abort();
    out.resize(size);
    return out;
}

//  0x0000  kdump_header
//  0x1000  kdump_sub_header; VMCOREINFO at 0x1100
//  0x2000  bitmaps, a block each
//  0x4000  page descriptors; all pages of zeroes share one page, as with QEMU
struct KdumpFile {
    static constexpr std::uint64_t sub_header_at = 0x1000;
    static constexpr std::uint64_t vmcoreinfo_at = 0x1100;
    static constexpr std::uint64_t bitmaps_at = 0x2000;
    static constexpr std::uint64_t descriptors_at = 0x4000;
    static constexpr std::uint64_t pages = 0x400;  // max_mapnr

    std::vector<std::byte> bytes;

    template <typename T>
    KdumpFile &set(std::uint64_t offset, T value) {
        std::memcpy(bytes.data() + offset, &value, sizeof value);
        return *this;
    }
    template <typename T>
    T get(std::uint64_t offset) const {
        T value;
        std::memcpy(&value, bytes.data() + offset, sizeof value);
        return value;
    }
    static constexpr std::uint64_t descriptor(std::uint64_t index) {
        return descriptors_at + index * sizeof(abi::kdump_page);
    }
};

inline constexpr std::string_view sample_vmcoreinfo = "PAGESIZE=4096\nOSRELEASE=6.19.14-kho\nSYMBOL(x)=1\n";

inline KdumpFile make_kdump(const std::map<std::uint64_t, PageContent> &pages,
                            std::uint32_t flags = abi::kdump_page_zlib) {
    KdumpFile file{std::vector<std::byte>(KdumpFile::descriptors_at)};
    abi::kdump_header header{};
    std::memcpy(header.signature, abi::kdump_signature, sizeof header.signature);
    header.header_version = 6;
    std::strcpy(header.machine, "x86_64");
    header.block_size = page_size;
    header.sub_hdr_size = 1;
    header.bitmap_blocks = 2;
    header.max_mapnr = KdumpFile::pages;
    header.nr_cpus = 3;
    file.set(0, header);
    abi::kdump_sub_header sub{};
    sub.dump_level = abi::kdump_level_no_zero_pages;
    sub.max_mapnr_64 = KdumpFile::pages;
    sub.offset_vmcoreinfo = KdumpFile::vmcoreinfo_at;
    sub.size_vmcoreinfo = sample_vmcoreinfo.size();
    file.set(KdumpFile::sub_header_at, sub);
    std::ranges::copy(std::as_bytes(std::span(sample_vmcoreinfo)),
                      file.bytes.begin() + KdumpFile::vmcoreinfo_at);

    const PageContent zeroes{};
    std::vector<std::byte> data = packed_page(zeroes, flags);
    const std::uint64_t data_at = KdumpFile::descriptors_at + pages.size() * sizeof(abi::kdump_page);
    const auto zero_size = static_cast<std::uint32_t>(data.size());
    for (const auto &[number, content] : pages) {
        for (const std::uint64_t bitmap : {KdumpFile::bitmaps_at, KdumpFile::bitmaps_at + page_size})
            file.bytes[bitmap + number / 8] |= static_cast<std::byte>(1 << number % 8);
        abi::kdump_page descriptor{.offset = data_at, .size = zero_size, .flags = flags, .page_flags = 0};
        if (content != zeroes) {
            std::vector<std::byte> packed = packed_page(content, flags);
            descriptor.offset = data_at + data.size();
            if (packed.size() >= page_size) {
                packed.assign(content.begin(), content.end());
                descriptor.flags = 0;
            }
            descriptor.size = static_cast<std::uint32_t>(packed.size());
            data.insert(data.end(), packed.begin(), packed.end());
        }
        file.bytes.resize(file.bytes.size() + sizeof descriptor);
        file.set(file.bytes.size() - sizeof descriptor, descriptor);
    }
    file.bytes.insert(file.bytes.end(), data.begin(), data.end());
    return file;
}

struct FlatRecord {
    std::uint64_t offset;
    std::vector<std::byte> bytes;
};

inline std::vector<std::byte> flattened(const std::vector<FlatRecord> &records, bool ended = true) {
    std::vector<std::byte> out(abi::flat_header_size);
    std::memcpy(out.data(), abi::flat_signature, sizeof abi::flat_signature);
    const std::uint64_t one = htobe64(1);
    std::memcpy(out.data() + 16, &one, sizeof one);
    std::memcpy(out.data() + 24, &one, sizeof one);
    const auto number = [&out](std::uint64_t n) {
        n = htobe64(n);
        const auto bytes = std::as_bytes(std::span(&n, 1));
        out.insert(out.end(), bytes.begin(), bytes.end());
    };
    for (const FlatRecord &record : records) {
        number(record.offset);
        number(record.bytes.size());
        out.insert(out.end(), record.bytes.begin(), record.bytes.end());
    }
    if (ended) {
        number(abi::flat_end);
        number(abi::flat_end);
    }
    return out;
}

// In pieces of `size`, the second half of the file first.
inline std::vector<std::byte> flattened(const std::vector<std::byte> &file, std::uint64_t size = 1000) {
    std::vector<FlatRecord> records;
    for (std::uint64_t at = 0; at < file.size(); at += size)
        records.push_back(
            {at,
             {file.begin() + static_cast<std::ptrdiff_t>(at),
              file.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(at + size, file.size()))}});
    std::rotate(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(records.size() / 2),
                records.end());
    return flattened(records);
}

}  // namespace kho
