// SPDX-License-Identifier: GPL-2.0-or-later
// The version-neutral model of a handover: what one kernel tells the next, whatever the format.
//
//   Handover ── scratch, preserved, subtrees
//       ├─ luo ── sessions ── files ── body: what the handler says
//       │    └─ flbs
//       ├─ memblock, kexec_metadata, kho_test: subtrees whose content is known
//       └─ uses: what each page of metadata and content is for
//
// Values only; it lives as long as its owner likes, and keeps nothing of the memory that it was read from.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fdt/abi/kho.h"
#include "fdt/base/ranges.h"
#include "fdt/model/file_body.h"
#include "fdt/model/format.h"
#include "fdt/model/uses.h"

namespace kho {

// `count` neighbouring preserved blocks of 2^order pages; address aligned to the block size.
struct PreservedBlocks {
    PhysAddr address{};
    std::uint32_t order = 0;
    std::uint32_t count = 1;

    std::uint64_t bytes() const { return order_bytes(order) * count; }
    Range range() const { return {address, bytes()}; }
    bool operator==(const PreservedBlocks &) const = default;
};

struct Subtree {
    std::string name{};
    PhysAddr address{};
    std::uint64_t size = 0;  // bytes; kho-v1 does not carry it: a page then
    bool operator==(const Subtree &) const = default;
};

struct LuoFile {
    std::string compatible{};
    std::uint64_t data = 0;
    std::uint64_t token = 0;
    FileBody body{};  // if the handler is known and it could be read
    bool operator==(const LuoFile &) const = default;
};

struct LuoSession {
    std::string name{};
    std::vector<LuoFile> files{};
    bool operator==(const LuoSession &) const = default;
};

// A file-lifecycle-bound object: shared by the files of several sessions.
struct LuoFlb {
    std::string name{};
    std::uint64_t data = 0;
    std::uint64_t count = 0;  // files that depend on it
    bool operator==(const LuoFlb &) const = default;
};

struct Luo {
    const LuoFormat *format = nullptr;  // nullptr: unknown, as long as it is being read or made
    PhysAddr root{};                    // of the LUO FDT or of luo_ser: the subtree's address
    std::uint64_t liveupdate_number = 0;
    PhysAddr session_header{};  // session array, or first session block; 0 in luo-v5: no session
    std::vector<LuoSession> sessions{};
    PhysAddr flb_header{};                      // 0 if there is none
    std::optional<std::vector<LuoFlb>> flbs{};  // none: the format has no place for FLBs, as in 6.19
    bool operator==(const Luo &) const = default;
};

// reserve_mem= on the command line.
struct MemblockReservation {
    std::string name{};
    Range range{};
    bool operator==(const MemblockReservation &) const = default;
};

struct KexecMetadata {
    std::uint32_t version = 1;
    std::string previous_release{};
    std::uint32_t kexec_count = 0;
    bool operator==(const KexecMetadata &) const = default;
};

struct KhoTestFolio {
    PhysAddr address{};
    std::uint32_t order = 0;
    bool operator==(const KhoTestFolio &) const = default;
};

// What lib/test_kho.c leaves for its other half.
struct KhoTest {
    std::uint32_t csum = 0;  // of all folios' bytes: the kernel's partial checksum
    abi::kho_vmalloc folio_array{};
    std::vector<KhoTestFolio> folios{};
    bool operator==(const KhoTest &other) const = default;
};

struct Handover {
    const KhoFormat *format = nullptr;         // nullptr: one that no supported release writes
    PhysAddr fdt{};                            // 0 if read from a bare blob
    PhysAddr memory_map{};                     // first chunk, or root of the radix tree
    Range scratch_array{};                     // of abi::kho_scratch
    std::vector<Range> scratch{};              // in the kernel's order, empty areas included
    std::vector<PreservedBlocks> preserved{};  // ascending by order, then address; neighbours joined
    std::vector<Subtree> subtrees{};           // in FDT order, those whose content is below included
    std::optional<Luo> luo{};
    std::optional<std::vector<MemblockReservation>> memblock{};
    std::optional<KexecMetadata> kexec_metadata{};
    std::optional<KhoTest> kho_test{};
    std::vector<Use> uses{};  // ascending by address. Clear it to compare handovers from different places
    bool operator==(const Handover &) const = default;
};

// All preserved memory of a handover as bytes.
RangeSet preserved_ranges(std::span<const PreservedBlocks> blocks);

// The blocks that have no page in `gone`.
std::vector<PreservedBlocks> blocks_without(std::span<const PreservedBlocks> blocks, const RangeSet &gone);

// All memory that is handed over: what is preserved, and what is not but the next kernel needs, the map and
// the scratch array.
RangeSet memory_of(const Handover &handover);

}  // namespace kho
