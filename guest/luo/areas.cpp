// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/luo/areas.h"

#include "guest/kho/preserve.h"
#include "guest/luo/block_chain.h"

namespace guest {

using kho::PhysAddr;
using kho::abi::luo_file_ser;
using kho::abi::luo_file_set_ser;
using kho::abi::luo_session_header_ser;
using kho::abi::luo_session_ser;

Errno read_session_array(Pages &pages, PhysAddr header, std::uint64_t most, SessionVisit visit,
                         Place &place) {
    const Result<unsigned> order = pages.order_of(header);
    if (!pages.is_incoming(header) || *order != order_for(session_area_bytes(most)) ||
        pages.claim(header) != Errno::ok)
        return fail(place, Fault::session_area, kho::value(header));
    luo_session_header_ser head{};
    static_cast<void>(pages.window().load(header, head));
    if (head.count > most)
        return fail(place, Fault::session_count, kho::value(header), head.count);
    for (std::uint64_t i = 0; i < head.count; i++) {
        const PhysAddr at = session_slot(header, i);
        luo_session_ser ser{};
        static_cast<void>(pages.window().load(at, ser));
        if (const Errno error = visit(ser, kho::value(at)); error != Errno::ok)
            return error;
    }
    return Errno::ok;
}

Errno read_session_blocks(Pages &pages, PhysAddr first, std::uint64_t, SessionVisit visit, Place &place) {
    return read_blocks<luo_session_ser>(pages, first, place, visit);
}

Errno read_file_array(Pages &pages, const luo_file_set_ser &set, std::uint64_t most, FileVisit visit,
                      Place &place) {
    if (set.count > most)
        return fail(place, Fault::file_count, set.files, set.count);
    const PhysAddr area{set.files};
    const Result<unsigned> order = pages.order_of(area);
    if (!pages.is_incoming(area) || *order != order_for(file_area_bytes(most)))
        return fail(place, Fault::file_area, set.files);
    if (pages.claim(area) != Errno::ok)
        return fail(place, Fault::file_area_shared, set.files);
    for (std::uint64_t i = 0; i < set.count; i++) {
        const std::uint64_t at = set.files + i * sizeof(luo_file_ser);
        luo_file_ser file;
        if (!pages.window().load(PhysAddr{at}, file))
            return fail(place, Fault::file_area, at);
        if (const Errno error = visit(file, at); error != Errno::ok)
            return error;
    }
    return Errno::ok;
}

Errno read_file_blocks(Pages &pages, const luo_file_set_ser &set, std::uint64_t, FileVisit visit,
                       Place &place) {
    std::uint64_t count = 0;
    const auto counted = [&](const luo_file_ser &file, std::uint64_t at) {
        count++;
        return visit(file, at);
    };
    if (const Errno error = read_blocks<luo_file_ser>(pages, PhysAddr{set.files}, place, counted);
        error != Errno::ok)
        return error;
    return count == set.count ? Errno::ok : fail(place, Fault::file_count, set.files, set.count);
}

void release_array(Pages &pages, PhysAddr area) { static_cast<void>(restore_free(pages, area)); }

void release_blocks(Pages &pages, PhysAddr first) {
    while (first != PhysAddr{}) {
        kho::abi::kho_block_header_ser header{};
        static_cast<void>(pages.window().load(first, header));
        static_cast<void>(restore_free(pages, first));
        first = PhysAddr{header.next};
    }
}

}  // namespace guest
