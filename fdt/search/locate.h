// SPDX-License-Identifier: GPL-2.0-or-later
// Where the handover is in an image.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fdt/file/image.h"

namespace kho {

// How a handover was found.
enum class LocatedBy {
    option,      // an address that the caller gave
    note,        // the recording's kho_data note
    setup_data,  // the chain that boot_params begin
    search,      // the only KHO FDT in memory, or the only one that something points to
};

struct Located {
    abi::kho_data data{};  // scratch_addr and scratch_size are 0 where nothing names them
    LocatedBy by{};
    // For people: "the recording's note", "setup_data at 0x9f0c0, from boot_params at 0x9e000", "the search
    // ...".
    std::string words;
    // The machine's memory, as the recording's note or boot_params have it; empty where neither does. With
    // neither, a dump's ranges are all that is known.
    std::vector<CoreMemoryRange> memory_map{};

    bool scratch_known() const { return data.scratch_size != 0; }
};

struct LocateOptions {
    std::optional<PhysAddr> fdt;  // address of the KHO FDT
};

// In this order: the FDT that the caller names (with the scratch array that a note or a setup_data node for
// the same FDT names), the recording's note, boot_params' setup_data, the search. Only for memory images.
// Errors: handover_not_found; handover_ambiguous, with the candidates' addresses; those of Memory::read.
Result<Located> locate(const Image &image, const LocateOptions &options = {});

}  // namespace kho
