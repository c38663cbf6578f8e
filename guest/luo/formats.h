// SPDX-License-Identifier: GPL-2.0-or-later
// The formats of the Live Update Orchestrator's data that this reader knows, a row each: what the subtree "LUO"
// holds, and how sessions and files are kept. This kernel itself writes arrays, which the device converts.
#pragma once

#include <string_view>

#include "fdt/abi/luo.h"
#include "guest/kho/fault.h"
#include "guest/kho/function_ref.h"
#include "guest/kho/pages.h"

namespace guest {

struct LuoRoot;

// An entry, and its address.
using SessionVisit = FunctionRef<Errno(const kho::abi::luo_session_ser &, std::uint64_t at)>;
using FileVisit = FunctionRef<Errno(const kho::abi::luo_file_ser &, std::uint64_t at)>;

struct LuoFormat {
    std::string_view compatible;  // of the root
    // Claims the root, which has `size` bytes at `at`.
    Errno (*read_root)(Pages &pages, kho::PhysAddr at, std::uint64_t size, LuoRoot &root, Place &place);
    // Claim what holds the entries, and visit each until `visit` returns something else than Errno::ok. `most` is
    // the length of an array; chains of blocks end by themselves.
    Errno (*read_sessions)(Pages &pages, kho::PhysAddr first, std::uint64_t most, SessionVisit visit,
                           Place &place);
    Errno (*read_files)(Pages &pages, const kho::abi::luo_file_set_ser &set, std::uint64_t most,
                        FileVisit visit, Place &place);
    // Gives back what held sessions, or the files of a set.
    void (*release)(Pages &pages, kho::PhysAddr first);
    std::uint64_t least_set_pages;  // that a set with a file takes
};

// NOLINTNEXTLINE(bugprone-dynamic-static-initializers): constinit
extern const LuoFormat luo_v1, luo_v5;

// Which one goes with this KHO FDT; nullptr: none that is known.
const LuoFormat *luo_format_under(std::string_view kho_compatible);

}  // namespace guest
