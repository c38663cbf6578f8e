// SPDX-License-Identifier: GPL-2.0-or-later
// Reading handovers out of memory that is not trusted. A reader takes what is sound and notes what is not: it
// never stops at the first fault, never goes on with a value that failed its check, looks at no page twice
// for the same purpose, and so ends for any input.
#pragma once

#include <span>

#include "fdt/base/blob_kind.h"
#include "fdt/base/memory.h"
#include "fdt/check/check.h"
#include "fdt/formats/releases.h"
#include "fdt/model/handover.h"
#include "fdt/read/map.h"

namespace kho {

struct ReadOptions {
    // Where the handover was found by its FDT alone, the scratch areas are unknown: then nothing is said
    // about them.
    bool scratch_known = true;
    // The machine's RAM if known: preserved memory must lie in it.
    const RangeSet *ram = nullptr;
    // What is known: formats that no release of it writes are not.
    const Formats *formats = &linux_formats();
};

// Everything that kho_data points at, as far as it is sound. Faults go to `findings`.
Handover read_handover(const Memory &memory, const abi::kho_data &data, Findings &findings,
                       const ReadOptions &options = {});

// The same, strictly: the first finding of severity error as an Error. Warnings do not count.
Result<Handover> read_handover(const Memory &memory, const abi::kho_data &data);

struct Blob {
    std::optional<BlobKind> kind;  // nothing: neither an FDT nor LUO's root
    Handover handover;             // what needs no memory; addresses as they stand in the blob
};

// The kind is recognized by content. Without one, and for other_fdt, there is a finding: kho-fdt-header or blob-unknown.
Blob read_blob(std::span<const std::byte> bytes, Findings &findings,
               const Formats &formats = linux_formats());

// Only the session arrays of luo-session-v2, strictly. All of them, and what they point at, must lie in
// `preserved`. The error's address is that of the offending structure, its index the entry in its array.
Result<std::vector<LuoSession>> read_luo_sessions(const Memory &memory, PhysAddr session_header,
                                                  const RangeSet &preserved);

}  // namespace kho
