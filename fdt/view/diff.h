// SPDX-License-Identifier: GPL-2.0-or-later
// Two handovers compared by what they say, whatever the format and wherever their pages lie.
//
// Sessions and FLBs are matched by name, files by token, reservations and subtrees by name; where a name
// occurs twice, which is malformed, the first is compared with the first. Contents of files, reservations and
// unknown subtrees are compared byte by byte: holes are zeroes, and large holes cost nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fdt/base/memory.h"
#include "fdt/model/handover.h"
#include "fdt/view/content_diff.h"

namespace kho {

enum class DiffKind : std::uint8_t {
    removed,     // only in the first
    added,       // only in the second
    changed,     // in both, and not the same
    unreadable,  // content that one of the two images does not hold: equality cannot be decided
};
const char *name(DiffKind kind);  // "removed" ...

struct Difference {
    DiffKind kind = DiffKind::changed;
    // Where it lies and how it is written, not what it says: addresses, formats, folio sizes, the order of an
    // array.
    bool form = false;
    std::string path{};  // by names: "/LUO/sessions/\"vm\"/files/0x1". Foreign strings are escaped
    std::string what{};  // "size", "seals", "content" ...; empty: the thing that `path` names as a whole
    std::string a{};     // for people; empty where there is none
    std::string b{};
    std::optional<ContentDifference> content{};
};

struct DiffSide {
    const Handover &handover;
    const Memory &memory;
};

struct DiffOptions {
    std::size_t limit = 100000;   // that many differences are kept, all are counted
    std::size_t max_ranges = 16;  // of differing bytes that are kept, for each file
    bool content = true;  // off: bytes behind the structures are not looked at, as when there are none
};

struct DiffResult {
    std::vector<Difference> list{};  // top down, in the first handover's order, then what only the second has
    std::uint64_t meaning = 0;       // differences that are neither `form` nor unreadable
    std::uint64_t form = 0;
    std::uint64_t unreadable = 0;
    std::uint64_t dropped = 0;         // of those, beyond the limit
    std::uint64_t compared_bytes = 0;  // of content, holes included

    bool same_meaning() const { return meaning == 0 && unreadable == 0; }
    bool same() const { return same_meaning() && form == 0; }
};

DiffResult diff(const DiffSide &a, const DiffSide &b, const DiffOptions &options = {});

}  // namespace kho
