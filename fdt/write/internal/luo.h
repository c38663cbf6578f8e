// SPDX-License-Identifier: GPL-2.0-or-later
// Writing the LUO part: root, sessions, files, memfds and FLBs. Follows kernel/liveupdate/luo_*.c,
// kho_block.c and mm/memfd_luo.c, also in the sizes of what is allocated. Internal to write_handover(), and
// what the device's formats are made of.
#pragma once

#include <string>

#include "fdt/abi/luo_v5.h"
#include "fdt/model/generation.h"
#include "fdt/write/metadata_pages.h"

namespace kho {

// Fills in the addresses of what it writes: luo.root, .format, .session_header, .flb_header, .flbs; and of
// files with a memfd: compatible, data and the memfd's folio_array and nr_folios. The returned size is that
// of the root, for the subtree. Errors: as write_handover().
Result<std::uint64_t> write_luo(Luo &luo, const Generation &generation, MetadataPages &pages);

// As above, one file: the structure and its array of folios. `where` begins error messages.
Outcome write_memfd(LuoFile &file, const Generation &generation, MetadataPages &pages,
                    const std::string &where);

// Preserved pages as an area of vmalloc: the kho_vmalloc that leads to `bytes`, zeroes behind them.
Result<abi::kho_vmalloc> write_vmalloc(std::span<const std::byte> bytes, MetadataPages &pages);

}  // namespace kho
