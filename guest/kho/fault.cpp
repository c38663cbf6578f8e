// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/kho/fault.h"

#include <algorithm>

namespace guest {

std::string_view name(Fault f) {
    switch (f) {
        case Fault::none:
            return "none";
        case Fault::kho_fdt_address:
            return "kho fdt address";
        case Fault::kho_fdt_size:
            return "kho fdt size";
        case Fault::kho_fdt_malformed:
            return "kho fdt malformed";
        case Fault::kho_compatible:
            return "kho compatible";
        case Fault::map_property:
            return "map property";
        case Fault::subtree_property:
            return "subtree property";
        case Fault::subtree_size:
            return "subtree size";
        case Fault::subtree_twice:
            return "subtree twice";
        case Fault::subtree_too_many:
            return "subtree too many";
        case Fault::scratch_size:
            return "scratch size";
        case Fault::scratch_address:
            return "scratch address";
        case Fault::scratch_area:
            return "scratch area";
        case Fault::scratch_overlap:
            return "scratch overlap";
        case Fault::no_scratch:
            return "no scratch";
        case Fault::chunk_address:
            return "chunk address";
        case Fault::chunk_cycle:
            return "chunk cycle";
        case Fault::chunk_count:
            return "chunk count";
        case Fault::chunk_order:
            return "chunk order";
        case Fault::bitmap_address:
            return "bitmap address";
        case Fault::radix_node:
            return "radix node";
        case Fault::radix_too_many:
            return "radix too many";
        case Fault::radix_key:
            return "radix key";
        case Fault::radix_order:
            return "radix order";
        case Fault::block_misaligned:
            return "block misaligned";
        case Fault::block_outside_ram:
            return "block outside ram";
        case Fault::block_in_scratch:
            return "block in scratch";
        case Fault::block_twice:
            return "block twice";
        case Fault::metadata_not_preserved:
            return "metadata not preserved";
        case Fault::metadata_shared:
            return "metadata shared";
        case Fault::luo_fdt_malformed:
            return "luo fdt malformed";
        case Fault::luo_size:
            return "luo size";
        case Fault::luo_compatible:
            return "luo compatible";
        case Fault::liveupdate_number:
            return "liveupdate number";
        case Fault::session_node:
            return "session node";
        case Fault::flb_node:
            return "flb node";
        case Fault::block_address:
            return "block address";
        case Fault::block_shared:
            return "block shared";
        case Fault::block_count:
            return "block count";
        case Fault::block_too_many:
            return "block too many";
        case Fault::session_area:
            return "session area";
        case Fault::session_count:
            return "session count";
        case Fault::session_name:
            return "session name";
        case Fault::session_twice:
            return "session twice";
        case Fault::files_without_count:
            return "files without count";
        case Fault::count_without_files:
            return "count without files";
        case Fault::file_count:
            return "file count";
        case Fault::file_area:
            return "file area";
        case Fault::file_area_shared:
            return "file area shared";
        case Fault::file_compatible:
            return "file compatible";
        case Fault::file_no_handler:
            return "file no handler";
        case Fault::token_twice:
            return "token twice";
        case Fault::flb_area:
            return "flb area";
        case Fault::flb_page_count:
            return "flb page count";
        case Fault::flb_count:
            return "flb count";
        case Fault::flb_name:
            return "flb name";
        case Fault::flb_twice:
            return "flb twice";
        case Fault::flb_references:
            return "flb references";
        case Fault::flb_missing:
            return "flb missing";
        case Fault::memfd_data:
            return "memfd data";
        case Fault::memfd_data_shared:
            return "memfd data shared";
        case Fault::memfd_size:
            return "memfd size";
        case Fault::memfd_seals:
            return "memfd seals";
        case Fault::memfd_flags:
            return "memfd flags";
        case Fault::memfd_folio_count:
            return "memfd folio count";
        case Fault::folio_flags:
            return "folio flags";
        case Fault::folio_not_preserved:
            return "folio not preserved";
        case Fault::folio_shared:
            return "folio shared";
        case Fault::folio_index:
            return "folio index";
        case Fault::vmalloc_flags:
            return "vmalloc flags";
        case Fault::vmalloc_order:
            return "vmalloc order";
        case Fault::vmalloc_length:
            return "vmalloc length";
        case Fault::vmalloc_unused:
            return "vmalloc unused";
        case Fault::vmalloc_not_preserved:
            return "vmalloc not preserved";
        case Fault::vmalloc_shared:
            return "vmalloc shared";
        case Fault::out_of_memory:
            return "out of memory";
        case Fault::handler_refused:
            return "handler refused";
    }
    return "unknown fault";
}

void name_session(Place &place, std::string_view name) {
    place.in_session = true;
    const std::size_t size = std::min(name.size(), sizeof(place.session) - 1);
    std::copy_n(name.data(), size, place.session);
    place.session[size] = '\0';
}

namespace {

Errno errno_of(Fault fault) {
    switch (fault) {
        case Fault::out_of_memory:
            return Errno::enomem;
        case Fault::session_twice:
        case Fault::token_twice:
        case Fault::flb_twice:
            return Errno::eexist;
        case Fault::file_no_handler:
        case Fault::flb_missing:
            return Errno::enoent;
        default:
            return Errno::einval;
    }
}

}  // namespace

Errno fail(Place &place, Fault fault, std::uint64_t address, std::uint64_t index) {
    place.fault = fault;
    place.address = address;
    place.index = index;
    return place.error = errno_of(fault);
}

}  // namespace guest
