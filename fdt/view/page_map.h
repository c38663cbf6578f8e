// SPDX-License-Identifier: GPL-2.0-or-later
// What each page of a guest's physical memory is, according to a handover. Each page is one thing: where
// several speak of it, the most telling one wins.
#pragma once

#include <array>
#include <functional>

#include "fdt/model/handover.h"

namespace kho {

// Later ones win.
enum class PageKind : std::uint8_t {
    free,             // RAM that nothing speaks of
    scratch,          // for the next kernel to start in
    preserved_small,  // preserved, with no known use, in blocks of order 0 ...
    preserved,        // ... 1 to 8
    preserved_huge,   // ... 9 (2 MiB) and more
    content,          // of files, and kho_test's folios
    reservation,      // reserve_mem=
    array,            // LUO's sessions, files, FLBs; a memfd's structure and its folios' array
    metadata,         // FDTs, LUO's root, the map of preserved memory, the scratch array, unknown subtrees
    conflict,         // preserved and scratch at once: the next kernel would write over it
};
inline constexpr std::size_t page_kinds = 10;
// "free RAM", "preserved, order 0" ...
const char *name(PageKind kind);

// Neighbouring pages that are the same.
struct Stretch {
    static constexpr std::uint32_t no_use = UINT32_MAX;
    static constexpr std::uint8_t not_preserved = UINT8_MAX;

    Range range{};  // whole pages, as all ranges here
    PageKind kind = PageKind::free;
    std::uint8_t order = not_preserved;  // of the preserved block it is in
    std::uint32_t use = no_use;          // index in Handover::uses

    bool same(const Stretch &other) const {
        return kind == other.kind && order == other.order && use == other.use;
    }
};

using PageCounts = std::array<std::uint64_t, page_kinds>;  // by kind

class PageMap {
public:
    // Both must outlive the map. Without `ram` no page is free: what RAM there is, is unknown.
    PageMap(const Handover &handover, const RangeSet *ram);

    const Handover &handover() const { return handover_; }
    bool ram_known() const { return ram_known_; }

    // All pages that are something, ascending. Takes no memory of its own, and a time that grows with the
    // handover's blocks and uses, not with the memory's size.
    void for_each(const std::function<void(const Stretch &)> &visit) const;

    PageCounts count() const;

private:
    const Handover &handover_;
    bool ram_known_;
    std::vector<Range> ram_;      // rounded to whole pages: inwards
    std::vector<Range> scratch_;  // outwards
};

}  // namespace kho
