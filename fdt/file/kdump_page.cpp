// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/file/internal/kdump_page.h"

#include <lzo/lzo1x.h>
#include <snappy-c.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <utility>

#include "fdt/base/internal/text.h"

namespace kho {
namespace {

using Packed = std::span<const std::byte>;
using Page = std::span<std::byte>;

// Each returns whether `packed` held exactly a page.
bool unpack_zlib(Packed packed, Page out) {
    uLongf size = out.size();
    return uncompress(reinterpret_cast<Bytef *>(out.data()), &size,
                      reinterpret_cast<const Bytef *>(packed.data()), packed.size()) == Z_OK &&
           size == out.size();
}

bool unpack_lzo(Packed packed, Page out) {
    lzo_uint size = out.size();
    return lzo1x_decompress_safe(reinterpret_cast<const unsigned char *>(packed.data()), packed.size(),
                                 reinterpret_cast<unsigned char *>(out.data()), &size, nullptr) == LZO_E_OK &&
           size == out.size();
}

bool unpack_snappy(Packed packed, Page out) {
    std::size_t size = out.size();
    return snappy_uncompress(reinterpret_cast<const char *>(packed.data()), packed.size(),
                             reinterpret_cast<char *>(out.data()), &size) == SNAPPY_OK &&
           size == out.size();
}

bool unpack_zstd(Packed packed, Page out) {
    return ZSTD_decompress(out.data(), out.size(), packed.data(), packed.size()) == out.size();
}

bool copy_plain(Packed packed, Page out) {
    if (packed.size() != out.size())
        return false;
    std::ranges::copy(packed, out.begin());
    return true;
}

struct Compression {
    std::uint32_t flag;
    const char *name;
    bool (*unpack)(Packed, Page);
};

constexpr Compression compressions[] = {
    {0, "none", copy_plain},
    {abi::kdump_page_zlib, "zlib", unpack_zlib},
    {abi::kdump_page_lzo, "lzo", unpack_lzo},
    {abi::kdump_page_snappy, "snappy", unpack_snappy},
    {abi::kdump_page_zstd, "zstd", unpack_zstd},
};

const Compression *find_compression(std::uint32_t flags) {
    const auto *found = std::ranges::find(compressions, flags, &Compression::flag);
    return found == std::end(compressions) ? nullptr : found;
}

}  // namespace

std::string kdump_compression_name(std::uint32_t flags) {
    const Compression *compression = find_compression(flags);
    return compression != nullptr ? compression->name : "flags " + hex(flags);
}

Outcome unpack_kdump_page(Packed packed, std::uint32_t flags, PhysAddr page, Page out) {
    const Compression *compression = find_compression(flags);
    if (compression == nullptr)
        return Error{.code = Errc::dump_compression,
                     .address = value(page),
                     .what = "the page's descriptor has the flags " + hex(flags) +
                             ", which name no known compression"};
    if (!compression->unpack(packed, out))
        return Error{.code = Errc::dump_format,
                     .address = value(page),
                     .what = std::to_string(packed.size()) + " bytes (" + compression->name +
                             ") do not make the page"};
    return success();
}

}  // namespace kho
