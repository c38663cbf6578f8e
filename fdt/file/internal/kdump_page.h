// SPDX-License-Identifier: GPL-2.0-or-later
// One page of a kdump-compressed dump, unpacked. Internal.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "fdt/abi/kdump.h"
#include "fdt/base/error.h"

namespace kho {

// "zlib", "lzo", "snappy", "zstd" for one of abi::kdump_page_*; "none" for 0.
std::string kdump_compression_name(std::uint32_t flags);

// `out` is a page. Errors, with the address of the page in memory: dump_format if the bytes do not unpack to
// exactly a page, dump_compression if `flags` name no compression that is known.
Outcome unpack_kdump_page(std::span<const std::byte> packed, std::uint32_t flags, PhysAddr page,
                          std::span<std::byte> out);

}  // namespace kho
