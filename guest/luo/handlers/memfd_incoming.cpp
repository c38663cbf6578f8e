// SPDX-License-Identifier: GPL-2.0-or-later
// The new kernel's side: check, retrieve, finish.
#include "guest/kho/preserve.h"
#include "guest/luo/handlers/memfd.h"
#include "guest/luo/handlers/memfd_folios.h"

namespace guest {

using kho::PhysAddr;
using kho::abi::memfd_luo_folio_ser;

namespace {

constexpr PhysAddr folio_address(const memfd_luo_folio_ser &folio) {
    return PhysAddr{(folio.pfn_flags & kho::abi::memfd_pfn_mask) << kho::page_shift};
}

}  // namespace

Errno MemfdHandler::check(FileOpArgs &args) {
    MemfdHandler &handler = self(args);
    Pages &pages = *handler.pages_;
    Place &place = *args.place;
    const PhysAddr data{args.serialized_data};
    if (const Result<unsigned> order = pages.order_of(data); !pages.is_incoming(data) || *order != 0)
        return fail(place, Fault::memfd_data, args.serialized_data);
    if (pages.claim(data) != Errno::ok)
        return fail(place, Fault::memfd_data_shared, args.serialized_data);
    const Ser ser = handler.load(data);
    if (const Errno error = handler.check_header(ser, args.serialized_data, place); error != Errno::ok)
        return error;
    if (ser.nr_folios == 0)
        return Errno::ok;
    if (const Errno error = check_vmalloc(pages, ser.folios, place); error != Errno::ok)
        return error;
    return handler.check_folios(ser, place);
}

Errno MemfdHandler::check_header(const Ser &ser, std::uint64_t at, Place &place) const {
    if (ser.size > max_file_size || ser.pos > max_file_size)
        return fail(place, Fault::memfd_size, at);
    if ((ser.seals & ~kho::abi::memfd_all_seals) != 0)
        return fail(place, Fault::memfd_seals, at, ser.seals);
    if (ser.flags != 0)
        return fail(place, Fault::memfd_flags, at, ser.flags);
    if (ser.nr_folios == 0 && (ser.folios.first != 0 || ser.folios.total_pages != 0 ||
                               ser.folios.flags != 0 || ser.folios.order != 0))
        return fail(place, Fault::vmalloc_unused, at);
    // The first bound keeps the product of the second in range.
    if (ser.nr_folios > pages_of(ser.size) ||
        ser.nr_folios > std::uint64_t{ser.folios.total_pages} * folios_per_page)
        return fail(place, Fault::memfd_folio_count, at, ser.nr_folios);
    return Errno::ok;
}

Errno MemfdHandler::check_folios(const Ser &ser, Place &place) {
    std::uint64_t behind = 0;  // the first page behind the last folio
    std::uint64_t i = 0;
    return for_each_folio(pages_->window(), ser, [&](const memfd_luo_folio_ser &folio) {
        const Errno error = check_folio(folio, pages_of(ser.size), behind, place);
        if (error != Errno::ok)
            place.index = i;
        i++;
        return error;
    });
}

Errno MemfdHandler::check_folio(const memfd_luo_folio_ser &folio, std::uint64_t file_pages,
                                std::uint64_t &behind, Place &place) {
    const PhysAddr at = folio_address(folio);
    if (at == PhysAddr{})
        return Errno::ok;
    place.has_offset = true;
    place.offset = folio.index << kho::page_shift;
    constexpr std::uint64_t known = kho::abi::memfd_folio_dirty | kho::abi::memfd_folio_uptodate;
    if ((folio.pfn_flags >> kho::abi::memfd_flags_shift & ~known) != 0)
        return fail(place, Fault::folio_flags, kho::value(at));
    // The format does not say how large a folio was; one page is enough to look at.
    const bool adopted = !strict_ && pages_->is_free(at) && pages_->adopt(at, 0) == Errno::ok;
    const Result<unsigned> order = pages_->order_of(at);
    if (!pages_->is_incoming(at) || *order > kho::max_order)
        return fail(place, Fault::folio_not_preserved, kho::value(at));
    if (!kho::is_aligned(folio.index, std::uint64_t{1} << *order) || folio.index < behind ||
        folio.index >= file_pages)
        return fail(place, Fault::folio_index, kho::value(at));
    if (!adopted && pages_->claim(at) != Errno::ok)
        return fail(place, Fault::folio_shared, kho::value(at));
    behind = folio.index + (std::uint64_t{1} << *order);
    place.has_offset = false;
    return Errno::ok;
}

// Everything below comes after check(): the structures are sound and what they refer to is claimed.

void MemfdHandler::discard(PhysAddr data, const Ser &ser) {
    static_cast<void>(for_each_folio(pages_->window(), ser, [&](const memfd_luo_folio_ser &folio) {
        if (folio_address(folio) != PhysAddr{})
            static_cast<void>(restore_free(*pages_, folio_address(folio)));
        return Errno::ok;
    }));
    restore_free_vmalloc(*pages_, ser.folios);
    static_cast<void>(restore_free(*pages_, data));
}

Errno MemfdHandler::retrieve(FileOpArgs &args) {
    MemfdHandler &handler = self(args);
    Pages &pages = *handler.pages_;
    const PhysAddr data{args.serialized_data};
    const Ser ser = handler.load(data);
    // All memory first, so that what comes then cannot fail half way. As in the kernel, a retrieve that
    // failed has given up what it could not restore.
    const Result<MemoryFile *> created = handler.files_->create(ser.size);
    if (!created) {
        handler.discard(data, ser);
        return created.error();
    }
    MemoryFile &file = **created;
    if (const Errno error = handler.files_->reserve(file, ser.nr_folios); error != Errno::ok) {
        put_file(file);
        handler.discard(data, ser);
        return error;
    }
    file.position = ser.pos;
    file.seals = ser.seals;
    const Errno error = for_each_folio(pages.window(), ser, [&](const memfd_luo_folio_ser &folio) {
        const PhysAddr at = folio_address(folio);
        if (at == PhysAddr{})
            return Errno::ok;
        const Result<unsigned> order = pages.order_of(at);
        if (!order || pages.restore(at) != Errno::ok)
            return Errno::eio;
        return handler.files_->add_folio(file, folio.index, at, *order);
    });
    if (error != Errno::ok) {
        put_file(file);
        handler.discard(data, ser);
        return error;
    }
    restore_free_vmalloc(pages, ser.folios);
    static_cast<void>(restore_free(pages, data));
    args.file = &file;
    return Errno::ok;
}

void MemfdHandler::finish(FileOpArgs &args) {
    if (args.retrieve_status != 0)
        return;
    MemfdHandler &handler = self(args);
    const PhysAddr data{args.serialized_data};
    handler.discard(data, handler.load(data));
}

}  // namespace guest
