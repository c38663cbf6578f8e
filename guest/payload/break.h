// SPDX-License-Identifier: GPL-2.0-or-later
// Descriptors that the device must refuse, made from a good one just before the doorbell: break=NAME.
#pragma once

#include <span>
#include <string_view>

#include "guest/kho/pages.h"
#include "guest/payload/outgoing.h"

namespace guest {

struct BreakContext {
    Pages *pages;
    Outgoing *outgoing;
    kho::PhysAddr session_header;
    kho::PhysAddr descriptor;   // what the purgatory gets
    kho::PhysAddr extra_run{};  // pages that a case took; the caller frees them
    std::uint64_t extra_pages = 0;
    bool not_built = false;  // there was no memory to break it with
};

struct BreakCase {
    std::string_view name;
    kexec_handover::Status expected;
    void (*apply)(BreakContext &context);  // may set not_built
    bool needs_flbs = false;               // there must be a page of them
};

// No live update has this number: a device that accepts a broken descriptor after all starts a kernel that fails.
inline constexpr std::uint64_t telltale_number = ~std::uint64_t{0};

// Breaks the descriptor and leaves the telltale in it. ENOMEM: could not build it, and it is whole.
Errno break_descriptor(const BreakCase &broken, BreakContext &context);

std::span<const BreakCase> break_cases();
const BreakCase *find_break_case(std::string_view name);

}  // namespace guest
