// SPDX-License-Identifier: GPL-2.0-or-later
// Searching memory for handovers and their parts, when nothing says where they are.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fdt/abi/kho.h"
#include "fdt/base/blob_kind.h"
#include "fdt/file/image_memory.h"

namespace kho {

enum class FoundKind {
    boot_params,  // a zero page, or a kernel's copy of it
    setup_data,   // a node of type SETUP_KEXEC_KHO
    blob,         // any page that begins as an FDT does, or LUO's root; Found::blob says which
};
const char *name(FoundKind kind);  // "boot_params", "setup_data", "blob"

enum class Certainty {
    possible,  // the magic number, and what does not fit the rest
    likely,    // its structure is sound
    certain,   // sound, and something that is sound itself points here
};
const char *name(Certainty certainty);

// What a KHO FDT's map preserves, counted and not listed: see read_map_totals(). What is wrong in the map
// makes nothing less certain: that the FDT is one does not depend on what became of other pages.
struct FoundMap {
    std::uint64_t blocks = 0;
    std::uint64_t bytes = 0;   // UINT64_MAX if that does not fit
    std::uint64_t errors = 0;  // if there are any, the numbers are of what is sound
};

struct Found {
    PhysAddr address{};
    FoundKind kind{};
    BlobKind blob = BlobKind::other_fdt;  // if that is the kind
    Certainty certainty{};
    std::string compatible{};  // blobs, else empty
    std::string why{};         // one line: what points here, or what is wrong with it
    // setup_data: its content; boot_params: that of its chain; KHO FDTs: of a sound node that points to it.
    std::optional<abi::kho_data> data{};
    std::optional<FoundMap> map{};  // KHO FDTs, if sound and of a known format, and FindOptions::maps

    bool is_kho_fdt() const { return kind == FoundKind::blob && blob == BlobKind::kho_fdt; }
    // name(kind), of a blob name(blob): "boot_params", "KHO FDT" ...
    const char *kind_name() const { return kind == FoundKind::blob ? name(blob) : name(kind); }
};

struct FindOptions {
    // A memory full of look-alikes ends the search: the list is `truncated` then.
    std::size_t limit = 100000;
    // Read the maps of the KHO FDTs too, in the list's order. Many FDTs can lead to the same pages: no more
    // maps are read once those before had as many bytes as the memory that was searched.
    bool maps = false;
};

struct FindResult {
    std::vector<Found> found;  // most certain first, then by address
    bool truncated = false;
    std::uint64_t bytes = 0;       // that were looked at
    std::uint64_t unreadable = 0;  // bytes that memory.resident() has and memory.read() could not give
};

// Looks at all of memory.resident(): FDTs and LUO roots at page boundaries, nodes of setup_data at every
// fourth byte, boot_params at every sixteenth.
FindResult find(const ImageMemory &memory, const FindOptions &options = {});

}  // namespace kho
