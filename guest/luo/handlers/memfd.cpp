// SPDX-License-Identifier: GPL-2.0-or-later
// The old kernel's side: preserve, freeze, unpreserve.
#include "guest/luo/handlers/memfd.h"

#include "guest/kho/preserve.h"
#include "guest/luo/handlers/memfd_folios.h"

namespace guest {

using kho::PhysAddr;
using kho::abi::memfd_luo_folio_ser;

constinit const FileOps MemfdHandler::ops_{
    .can_preserve = &MemfdHandler::can_preserve,
    .preserve = &MemfdHandler::preserve,
    .unpreserve = &MemfdHandler::unpreserve,
    .retrieve = &MemfdHandler::retrieve,
    .finish = &MemfdHandler::finish,
    .freeze = &MemfdHandler::freeze,
    .check = &MemfdHandler::check,
};

void MemfdHandler::init(Pages &pages, MemoryFiles &files, bool strict, const MemfdFormat &format) {
    ops = &ops_;
    compatible = format.compatible;
    format_ = &format;
    pages_ = &pages;
    files_ = &files;
    strict_ = strict;
}

// memfd-v1 has no place for seals.
bool MemfdHandler::can_preserve(FileHandler &handler, const File &file) {
    return file.type == &MemoryFiles::type && (static_cast<MemfdHandler &>(handler).format_->has_seals ||
                                               static_cast<const MemoryFile &>(file).seals == 0);
}

namespace {

Errno preserve_folios(Pages &pages, std::span<const FileFolio> folios, VmallocCursor cursor) {
    constexpr std::uint64_t flags = kho::abi::memfd_folio_dirty | kho::abi::memfd_folio_uptodate;
    std::byte *page = nullptr;
    for (std::uint64_t i = 0; i < folios.size(); i++) {
        if (i % folios_per_page == 0)
            page = cursor.next_page();
        if (const Errno error = pages.preserve(folios[i].at); error != Errno::ok) {
            while (i-- > 0) static_cast<void>(pages.unpreserve(folios[i].at));
            return error;
        }
        const memfd_luo_folio_ser ser{
            .pfn_flags = kho::value(folios[i].at) >> kho::page_shift | flags << kho::abi::memfd_flags_shift,
            .index = folios[i].index};
        __builtin_memcpy(page + i % folios_per_page * sizeof(ser), &ser, sizeof(ser));
    }
    return Errno::ok;
}

}  // namespace

Errno MemfdHandler::preserve(FileOpArgs &args) {
    Pages &pages = *self(args).pages_;
    const auto &file = static_cast<const MemoryFile &>(*args.file);
    if (file.size > max_file_size || file.position > max_file_size)
        return Errno::efbig;  // the next kernel would refuse it
    const Result<PhysAddr> page = alloc_preserve(pages, sizeof(Ser));
    if (!page)
        return page.error();

    Ser ser{.pos = file.position,
            .size = file.size,
            .seals = file.seals,
            .flags = 0,
            .nr_folios = file.folio_count,
            .folios = {}};
    if (ser.nr_folios > 0) {
        const Result<kho::abi::kho_vmalloc> area =
            allocate_vmalloc(pages, ser.nr_folios * sizeof(memfd_luo_folio_ser));
        if (!area) {
            static_cast<void>(unpreserve_free(pages, *page));
            return area.error();
        }
        ser.folios = *area;
        const Errno error = preserve_folios(pages, file.content(), VmallocCursor(pages.window(), *area));
        if (error != Errno::ok) {
            free_vmalloc(pages, *area);
            static_cast<void>(unpreserve_free(pages, *page));
            return error;
        }
    }
    self(args).store(*page, ser);
    args.serialized_data = kho::value(*page);
    return Errno::ok;
}

void MemfdHandler::unpreserve(FileOpArgs &args) {
    Pages &pages = *self(args).pages_;
    const PhysAddr data{args.serialized_data};
    const Ser ser = self(args).load(data);
    const std::span<const FileFolio> folios = static_cast<const MemoryFile &>(*args.file).content();
    for (std::size_t i = folios.size(); i-- > 0;) static_cast<void>(pages.unpreserve(folios[i].at));
    free_vmalloc(pages, ser.folios);
    static_cast<void>(unpreserve_free(pages, data));
}

// Only the position can have changed since preserve: a file set holds the rest.
Errno MemfdHandler::freeze(FileOpArgs &args) {
    const auto &file = static_cast<const MemoryFile &>(*args.file);
    if (file.position > max_file_size)
        return Errno::efbig;
    static_assert(offsetof(kho::abi::memfd_luo_ser, pos) == offsetof(Ser, pos));
    const PhysAddr pos = PhysAddr{args.serialized_data} + offsetof(Ser, pos);
    return self(args).pages_->window().store(pos, file.position) ? Errno::ok : Errno::eio;
}

}  // namespace guest
