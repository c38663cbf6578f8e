// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/kho/fault.h"

#include <algorithm>
#include <iterator>

namespace guest {

namespace {

// In the order of the enumeration.
struct Row {
    Fault fault;
    std::string_view name;
    Errno error = Errno::einval;  // that goes with it
};
constexpr Row rows[] = {
    {Fault::none, "none"},
    {Fault::kho_fdt_address, "kho fdt address"},
    {Fault::kho_fdt_size, "kho fdt size"},
    {Fault::kho_fdt_malformed, "kho fdt malformed"},
    {Fault::kho_compatible, "kho compatible"},
    {Fault::map_property, "map property"},
    {Fault::subtree_property, "subtree property"},
    {Fault::subtree_size, "subtree size"},
    {Fault::subtree_twice, "subtree twice"},
    {Fault::subtree_too_many, "subtree too many"},
    {Fault::scratch_size, "scratch size"},
    {Fault::scratch_address, "scratch address"},
    {Fault::scratch_area, "scratch area"},
    {Fault::scratch_overlap, "scratch overlap"},
    {Fault::no_scratch, "no scratch"},
    {Fault::chunk_address, "chunk address"},
    {Fault::chunk_cycle, "chunk cycle"},
    {Fault::chunk_count, "chunk count"},
    {Fault::chunk_order, "chunk order"},
    {Fault::bitmap_address, "bitmap address"},
    {Fault::radix_node, "radix node"},
    {Fault::radix_too_many, "radix too many"},
    {Fault::radix_key, "radix key"},
    {Fault::radix_order, "radix order"},
    {Fault::block_misaligned, "block misaligned"},
    {Fault::block_outside_ram, "block outside ram"},
    {Fault::block_in_scratch, "block in scratch"},
    {Fault::block_twice, "block twice"},
    {Fault::metadata_not_preserved, "metadata not preserved"},
    {Fault::metadata_shared, "metadata shared"},
    {Fault::luo_fdt_malformed, "luo fdt malformed"},
    {Fault::luo_size, "luo size"},
    {Fault::luo_compatible, "luo compatible"},
    {Fault::liveupdate_number, "liveupdate number"},
    {Fault::session_node, "session node"},
    {Fault::flb_node, "flb node"},
    {Fault::block_address, "block address"},
    {Fault::block_shared, "block shared"},
    {Fault::block_count, "block count"},
    {Fault::block_too_many, "block too many"},
    {Fault::session_area, "session area"},
    {Fault::session_count, "session count"},
    {Fault::session_name, "session name"},
    {Fault::session_twice, "session twice", Errno::eexist},
    {Fault::files_without_count, "files without count"},
    {Fault::count_without_files, "count without files"},
    {Fault::file_count, "file count"},
    {Fault::file_area, "file area"},
    {Fault::file_area_shared, "file area shared"},
    {Fault::file_compatible, "file compatible"},
    {Fault::file_no_handler, "file no handler", Errno::enoent},
    {Fault::token_twice, "token twice", Errno::eexist},
    {Fault::flb_area, "flb area"},
    {Fault::flb_page_count, "flb page count"},
    {Fault::flb_count, "flb count"},
    {Fault::flb_name, "flb name"},
    {Fault::flb_twice, "flb twice", Errno::eexist},
    {Fault::flb_references, "flb references"},
    {Fault::flb_missing, "flb missing", Errno::enoent},
    {Fault::memfd_data, "memfd data"},
    {Fault::memfd_data_shared, "memfd data shared"},
    {Fault::memfd_size, "memfd size"},
    {Fault::memfd_seals, "memfd seals"},
    {Fault::memfd_flags, "memfd flags"},
    {Fault::memfd_folio_count, "memfd folio count"},
    {Fault::folio_flags, "folio flags"},
    {Fault::folio_not_preserved, "folio not preserved"},
    {Fault::folio_shared, "folio shared"},
    {Fault::folio_index, "folio index"},
    {Fault::vmalloc_flags, "vmalloc flags"},
    {Fault::vmalloc_order, "vmalloc order"},
    {Fault::vmalloc_length, "vmalloc length"},
    {Fault::vmalloc_unused, "vmalloc unused"},
    {Fault::vmalloc_not_preserved, "vmalloc not preserved"},
    {Fault::vmalloc_shared, "vmalloc shared"},
    {Fault::out_of_memory, "out of memory", Errno::enomem},
    {Fault::handler_refused, "handler refused"},
};

constexpr bool in_order() {
    for (std::size_t i = 0; i < std::size(rows); i++)
        if (static_cast<std::size_t>(rows[i].fault) != i)
            return false;
    return std::size(rows) == static_cast<std::size_t>(Fault::handler_refused) + 1;
}
static_assert(in_order());

}  // namespace

std::string_view name(Fault f) {
    const auto i = static_cast<std::size_t>(f);
    return i < std::size(rows) ? rows[i].name : "unknown fault";
}

void name_session(Place &place, std::string_view name) {
    place.in_session = true;
    const std::size_t size = std::min(name.size(), sizeof(place.session) - 1);
    std::copy_n(name.data(), size, place.session);
    place.session[size] = '\0';
}

Errno fail(Place &place, Fault fault, std::uint64_t address, std::uint64_t index) {
    place.fault = fault;
    place.address = address;
    place.index = index;
    return place.error = rows[static_cast<std::size_t>(fault)].error;
}

}  // namespace guest
