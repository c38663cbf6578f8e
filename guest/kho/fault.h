// SPDX-License-Identifier: GPL-2.0-or-later
// What can be wrong with a handover, and where it was found. A fault is reported once, as a value; only
// the payload makes a sentence of it.
#pragma once

#include <cstdint>
#include <string_view>

#include "guest/kho/result.h"

namespace guest {

enum class Fault : std::uint16_t {
    none,
    // kho_data and the KHO FDT
    kho_fdt_address,  // 0, unaligned or not RAM
    kho_fdt_size,
    kho_fdt_malformed,
    kho_compatible,    // not kho-v1, -v3 or -v4
    map_property,      // missing, of wrong length, or 0
    subtree_property,  // missing, of wrong length, 0 or unaligned
    subtree_size,      // 0 or absurd
    subtree_twice,
    subtree_too_many,
    scratch_size,     // 0, no multiple of 16, or more than anyone needs
    scratch_address,  // of the array
    scratch_area,     // unaligned, not RAM
    scratch_overlap,
    no_scratch,  // nothing but empty areas, or too little
    // the map of preserved memory
    chunk_address,
    chunk_cycle,
    chunk_count,  // more than 255 elements
    chunk_order,
    bitmap_address,
    radix_node,      // or leaf: unaligned, or not RAM that can hold it
    radix_too_many,  // more than there are pages: a cycle
    radix_key,       // without a bit that tells the order, or beyond it
    radix_order,
    block_misaligned,
    block_outside_ram,
    block_in_scratch,
    block_twice,
    metadata_not_preserved,
    metadata_shared,  // two structures in one page
    // the LUO FDT, or luo_ser
    luo_fdt_malformed,
    luo_size,  // of the blob, less than luo_ser
    luo_compatible,
    liveupdate_number,
    session_node,
    flb_node,
    // blocks of luo-v5
    block_address,   // not a preserved page
    block_shared,    // two chains, or a cycle
    block_count,     // no entry, or more than fit
    block_too_many,  // over 10000 in a chain
    // sessions and file sets
    session_area,  // not a preserved block of 16 pages
    session_count,
    session_name,  // empty or unterminated
    session_twice,
    files_without_count,
    count_without_files,
    file_count,  // too many, or not the sum over the blocks
    file_area,   // not a preserved block of two pages
    file_area_shared,
    file_compatible,  // empty or unterminated
    file_no_handler,
    token_twice,
    // FLBs
    flb_area,        // not a preserved page
    flb_page_count,  // not 1
    flb_count,       // more than fit
    flb_name,        // empty or unterminated
    flb_twice,
    flb_references,  // none, or fewer than there are files that depend on it
    flb_missing,     // files depend on it, and it is not there
    // memfd
    memfd_data,  // not a preserved page
    memfd_data_shared,
    memfd_size,         // or position, beyond 2^63
    memfd_seals,        // unknown ones
    memfd_flags,        // any
    memfd_folio_count,  // more than the file has pages, or than the area holds
    folio_flags,
    folio_not_preserved,
    folio_shared,
    folio_index,  // unaligned, beyond the end, or not ascending
    // kho_vmalloc
    vmalloc_flags,
    vmalloc_order,
    vmalloc_length,  // the chain is not total_pages long
    vmalloc_unused,  // pages although nothing is described
    vmalloc_not_preserved,
    vmalloc_shared,
    // not a fault of the handover
    out_of_memory,
    handler_refused,  // a callback failed
};

std::string_view name(Fault f);

struct Place {
    Fault fault = Fault::none;
    Errno error = Errno::ok;  // what the caller got
    bool in_session = false;  // the session's name is known
    bool in_file = false;     // token is known
    bool has_offset = false;  // offset into the file is known
    char session[64] = {};    // NUL-terminated
    std::string_view flb;     // compatible of the FLB it is about, empty: about none
    std::uint64_t token = 0;
    std::uint64_t offset = 0;   // bytes
    std::uint64_t address = 0;  // of the offending structure or memory, 0: none
    std::uint64_t index = 0;    // of an entry in an array

    explicit operator bool() const { return fault != Fault::none; }
};

// Notes the session; a name longer than any can be is cut.
void name_session(Place &place, std::string_view name);

// Records where, and returns the errno that goes with it.
Errno fail(Place &place, Fault fault, std::uint64_t address = 0, std::uint64_t index = 0);

}  // namespace guest
