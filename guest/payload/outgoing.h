// SPDX-License-Identifier: GPL-2.0-or-later
// The descriptor for the device and the arrays behind it, in one run of ordinary pages: the device copies
// what it needs before it poisons them.
#pragma once

#include <span>

#include "fdt/abi/kho.h"
#include "guest/kho/pages.h"
#include "plugin/registers.h"

namespace guest {

struct OutgoingRequest {
    std::span<const kexec_handover::MemoryRange> memory_map;
    std::span<const kho::abi::kho_scratch> scratch;
    kho::PhysAddr session_header{};
    kho::PhysAddr flb_header{};
    std::uint64_t liveupdate_number = 0;
    std::uint64_t acpi_rsdp = 0;
    // A DescriptorFlag: what was found is handed on, and nothing but the memory map describes it.
    std::uint64_t found = 0;
    kho::abi::kho_data handover{};  // with found_in_memory
};

// Pointers into the run; there is room for one more entry in every array than the counts say, for those who
// want to add a wrong one.
struct Outgoing {
    kho::PhysAddr run{};
    std::uint64_t run_pages = 0;
    kexec_handover::Descriptor *descriptor = nullptr;
    kexec_handover::MemoryRange *memory_map = nullptr;
    kho::abi::kho_scratch *scratch = nullptr;
    kexec_handover::PreservedRange *preserved = nullptr;
    kexec_handover::Subtree *subtrees = nullptr;
    std::uint64_t preserved_bytes = 0;
};

Result<Outgoing> build_outgoing(Pages &pages, const OutgoingRequest &request);
void free_outgoing(Pages &pages, const Outgoing &outgoing);

// Takes the preserved block that holds `at` out of the list: the deliberate mistake that proves that
// poison is real. False if no range holds it.
bool forget_block(Outgoing &outgoing, kho::PhysAddr at);

}  // namespace guest
