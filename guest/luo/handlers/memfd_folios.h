// SPDX-License-Identifier: GPL-2.0-or-later
// Going through a memfd_luo_folio_ser array, which lies in the data pages of a vmalloc area.
#pragma once

#include <algorithm>

#include "fdt/abi/memfd.h"
#include "guest/kho/vmalloc.h"

namespace guest {

inline constexpr std::uint64_t folios_per_page = kho::page_size / sizeof(kho::abi::memfd_luo_folio_ser);

// Calls visit(memfd_luo_folio_ser) for each entry until it returns something else than Errno::ok. The area
// was checked, and is long enough.
template <typename Visit>
Errno for_each_folio(const PhysicalWindow &window, const kho::abi::memfd_luo_ser_v2 &ser, Visit &&visit) {
    VmallocCursor cursor(window, ser.folios);
    for (std::uint64_t left = ser.nr_folios; left > 0;) {
        const std::byte *page = cursor.next_page();
        if (page == nullptr)
            return Errno::eio;
        const std::uint64_t here = std::min(left, folios_per_page);
        for (std::uint64_t i = 0; i < here; i++) {
            kho::abi::memfd_luo_folio_ser folio;
            __builtin_memcpy(&folio, page + i * sizeof(folio), sizeof(folio));
            if (const Errno error = visit(folio); error != Errno::ok)
                return error;
        }
        left -= here;
    }
    return Errno::ok;
}

}  // namespace guest
