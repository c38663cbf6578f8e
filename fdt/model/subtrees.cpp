// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/model/subtrees.h"

#include <algorithm>
#include <iterator>

#include "fdt/abi/kexec_metadata.h"
#include "fdt/abi/kho_test.h"
#include "fdt/abi/luo.h"
#include "fdt/abi/memblock.h"

namespace kho {
namespace {

constexpr KnownSubtree table[] = {
    {SubtreeKind::luo, abi::luo_subtree_name, [](const Handover &h) { return h.luo.has_value(); }, true},
    {SubtreeKind::memblock, abi::memblock_subtree_name,
     [](const Handover &h) { return h.memblock.has_value(); }, true},
    {SubtreeKind::kexec_metadata, abi::kexec_metadata_subtree_name,
     [](const Handover &h) { return h.kexec_metadata.has_value(); }, true},
    {SubtreeKind::kho_test, abi::kho_test_subtree_name,
     [](const Handover &h) { return h.kho_test.has_value(); }, false},
};

}  // namespace

const KnownSubtree *find_known_subtree(std::string_view name) {
    const auto *found = std::ranges::find(table, name, &KnownSubtree::name);
    return found == std::end(table) ? nullptr : found;
}

bool is_understood(const Handover &handover, const Subtree &subtree) {
    const KnownSubtree *known = find_known_subtree(subtree.name);
    return known != nullptr && known->was_read(handover);
}

bool is_rewritten(const Handover &handover, const Subtree &subtree) {
    const KnownSubtree *known = find_known_subtree(subtree.name);
    return known != nullptr && known->is_written && known->was_read(handover);
}

}  // namespace kho
