// SPDX-License-Identifier: GPL-2.0-or-later
// What pages of a handover are used for. A reader notes every page that it looked at or that holds content,
// so a picture can be drawn from it, and pages with two uses or that are not preserved stand out.
#pragma once

#include <cstdint>

#include "fdt/base/ranges.h"

namespace kho {

enum class UseKind : std::uint8_t {
    kho_fdt,
    scratch_array,
    map_node,    // chunk, or inner node of the radix tree
    map_bitmap,  // bitmap, or leaf of the radix tree
    subtree,     // a blob whose content is not known
    luo_root,    // LUO FDT or luo_ser
    session_array,
    session_block,
    file_array,
    file_block,
    flb_array,
    memfd,         // memfd_luo_ser
    memfd_array,   // pages of the array of folios, and the vmalloc chunks that list them
    memfd_folios,  // content
    memblock_fdt,
    memblock_reservation,  // content
    kexec_metadata,
    kho_test_fdt,
    kho_test_array,
    kho_test_folios,  // content
};

// "session-array" ...
const char *name(UseKind kind);
// Content of files and reservations, in contrast to structures.
bool is_content(UseKind kind);

// Neighbouring pages with the same use are one Use.
struct Use {
    static constexpr std::uint32_t none = UINT32_MAX;

    Range range;
    UseKind kind = UseKind::subtree;
    std::uint32_t item = none;  // index of the session, the subtree or the reservation
    std::uint32_t file = none;  // index of the file in its session
    bool operator==(const Use &) const = default;
};

}  // namespace kho
