// SPDX-License-Identifier: GPL-2.0-or-later
// What the device itself makes of a handover, in the format of a release: KHO FDT, LUO root with sessions,
// files and FLBs, scratch array and the map of preserved memory. Made in host memory first and put into free
// guest RAM when nothing can fail any more. The guest's own arrays of sessions, files and FLBs are left
// behind.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fdt/codec/metadata_pages.h"
#include "fdt/formats/releases.h"
#include "plugin/descriptor.h"

namespace kexec_handover {

struct Metadata {
    std::optional<kho::MetadataPages> pages;  // what goes into guest memory; none for a found handover
    kho::RangeSet written;                    // where those are
    kho::RangeSet memory;                     // all that goes on to the next kernel, preserved or not
    kho::PhysAddr luo_root{};                 // 0: no LUO
    kho::abi::kho_data handover{};            // what the next kernel gets
    std::string release;                      // whose format it is; empty: several are mixed
};

// In the format of `release`, or what is needed of a found handover. Refuses with no_memory_for_metadata,
// too_many_entries or flbs_not_supported.
Checked<Metadata> make_metadata(const KexecRequest &request, const kho::Release &release);

}  // namespace kexec_handover
