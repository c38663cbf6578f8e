// SPDX-License-Identifier: GPL-2.0-or-later
// What the device itself adds to a handover: KHO FDT, LUO FDT, an empty page of FLBs where the format wants
// one and the guest has none, scratch array and the map of preserved memory, made in host memory first and
// put into free guest RAM when nothing can fail any more.
#pragma once

#include <string>
#include <vector>

#include "fdt/release.h"
#include "plugin/descriptor.h"

namespace kexec_handover {

struct Metadata {
    kho::PhysAddr address{};        // of `bytes` in the guest: whole pages, not preserved before
    std::vector<std::byte> bytes;   // preserved too, as blocks of order 0
    kho::PhysAddr luo_fdt{};        // 0: no LUO
    kho::abi::kho_data handover{};  // what the next kernel is told
    kho::RangeSet kept;             // of a found handover: what it has beside preserved memory
    std::string release;            // whose format it is

    kho::Range range() const { return {address, bytes.size()}; }
};

// Whether make_metadata knows this release's format.
bool is_writable(const kho::Release &release);
inline constexpr std::string_view default_release = "7.0";

// In the format of `release`, or what is needed of a found handover. Refuses with no_memory_for_metadata,
// too_many_entries or flbs_not_supported.
Checked<Metadata> make_metadata(const KexecRequest &request, const kho::Release &release);

}  // namespace kexec_handover
