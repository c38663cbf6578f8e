// SPDX-License-Identifier: GPL-2.0-or-later
// The children of the KHO FDT whose content the model holds.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "fdt/model/handover.h"

namespace kho {

enum class SubtreeKind : std::uint8_t { luo, memblock, kexec_metadata, kho_test };

struct KnownSubtree {
    SubtreeKind kind;
    std::string_view name;
    bool (*was_read)(const Handover &handover);  // the model has its content
    bool is_written;  // from the model; else it is carried over like an unknown one
};

// nullptr: the model does not know such a subtree.
const KnownSubtree *find_known_subtree(std::string_view name);

// The handover has the content of this subtree.
bool is_understood(const Handover &handover, const Subtree &subtree);
// It has, and the writer makes the subtree of it.
bool is_rewritten(const Handover &handover, const Subtree &subtree);

}  // namespace kho
