// SPDX-License-Identifier: GPL-2.0-or-later
// Reading the kexec descriptor out of guest memory and checking everything it says.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fdt/abi/x86_boot.h"
#include "fdt/model/handover.h"
#include "plugin/found.h"
#include "plugin/machine.h"
#include "plugin/status.h"

namespace kexec_handover {

// The descriptor after validation. Made from one copy of the guest's bytes: what was checked is what is used.
struct KexecRequest {
    std::vector<kho::abi::e820_entry> memory_map;  // as the guest gave it
    kho::RangeSet usable;                          // its RAM entries, all of them RAM of this machine
    std::vector<kho::abi::kho_scratch> scratch;    // as the guest gave it, empty areas included
    kho::RangeSet scratch_ranges;
    std::vector<kho::PreservedBlocks> preserved;  // ascending by address, disjoint
    kho::RangeSet preserved_ranges;
    std::vector<kho::Subtree> subtrees;  // without LUO
    kho::PhysAddr session_header{};      // 0: no LUO
    kho::PhysAddr flb_header{};          // 0: no FLBs
    std::vector<kho::LuoSession> sessions;
    std::vector<kho::LuoFlb> flbs;
    // The guest's arrays of the three above: blocks that no one needs when the device has written its own.
    std::vector<kho::PreservedBlocks> replaced;
    std::uint64_t liveupdate_number = 0;
    std::uint64_t acpi_rsdp = 0;
    std::optional<FoundHandover> found;  // goes on as it is; scratch and preserved memory are its
};

// Whether exactly this is one of the blocks that the guest preserved.
bool is_preserved_block(const KexecRequest &request, kho::PhysAddr address, unsigned order);

// `recording`: path of what found_in_recording means. Refuses with the codes from no_descriptor to
// flb_references, and from handover_unreadable on, of plugin/registers.h.
Checked<KexecRequest> read_descriptor(const Machine &machine, kho::PhysAddr address,
                                      const std::string &recording);

}  // namespace kexec_handover
