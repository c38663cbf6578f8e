// SPDX-License-Identifier: GPL-2.0-or-later
// The handlers of memory files: their serialized form is exactly "memfd-v1" or, with seals, "memfd-v2"
// (fdt/abi/memfd.h).
//
//   luo_file_ser.data ──> memfd_luo_ser[_v2] ──folios──> kho_vmalloc ──> memfd_luo_folio_ser[nr_folios] ──>
//   folios
//
// A hole has no entry. Folios are always marked dirty and uptodate, as the kernel does since it found that
// a clean folio loses data. Compare mm/memfd_luo.c.
#pragma once

#include "guest/luo/file_handler.h"
#include "guest/luo/handlers/memfd_formats.h"
#include "guest/luo/handlers/memory_file.h"

namespace guest {

class MemfdHandler : public FileHandler {
public:
    constexpr MemfdHandler() = default;

    // `strict`: every folio must be the head of a preserved block. Otherwise free memory is taken in its
    // place, so that what became of it can be looked at.
    void init(Pages &pages, MemoryFiles &files, bool strict, const MemfdFormat &format = memfd_v1);

private:
    static MemfdHandler &self(FileOpArgs &args) { return *static_cast<MemfdHandler *>(args.handler); }
    static bool can_preserve(FileHandler &handler, const File &file);
    static Errno preserve(FileOpArgs &args);
    static void unpreserve(FileOpArgs &args);
    static Errno freeze(FileOpArgs &args);
    static Errno check(FileOpArgs &args);
    static Errno retrieve(FileOpArgs &args);
    static void finish(FileOpArgs &args);

    using Ser = MemfdSer;
    Ser load(kho::PhysAddr at) const { return format_->load(pages_->window(), at); }
    void store(kho::PhysAddr at, const Ser &ser) const { format_->store(pages_->window(), at, ser); }

    Errno check_header(const Ser &ser, std::uint64_t at, Place &place) const;
    Errno check_folios(const Ser &ser, Place &place);
    Errno check_folio(const kho::abi::memfd_luo_folio_ser &folio, std::uint64_t file_pages,
                      std::uint64_t &behind, Place &place);
    void discard(kho::PhysAddr data, const Ser &ser);

    static const FileOps ops_;  // NOLINT(bugprone-dynamic-static-initializers): constinit
    Pages *pages_ = nullptr;
    MemoryFiles *files_ = nullptr;
    bool strict_ = true;
    const MemfdFormat *format_ = &memfd_v1;
};

}  // namespace guest
