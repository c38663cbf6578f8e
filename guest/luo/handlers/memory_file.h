// SPDX-License-Identifier: GPL-2.0-or-later
// A file in memory, as a memfd: folios of mixed orders, with holes, a size and a position.
#pragma once

#include <span>

#include "guest/kho/pages.h"
#include "guest/kho/pool.h"
#include "guest/kho/sizes.h"
#include "guest/luo/file.h"

namespace guest {

inline constexpr std::uint64_t max_file_size = ~std::uint64_t{0} >> 1;  // a kernel's loff_t is signed

struct FileFolio {
    kho::PhysAddr at{};
    std::uint64_t index = 0;  // of its first page in the file
    unsigned order = 0;

    std::uint64_t offset() const { return index << kho::page_shift; }
    std::uint64_t bytes() const { return kho::order_bytes(order); }
};

class MemoryFiles;

struct MemoryFile : File {
    MemoryFiles *owner = nullptr;
    std::uint64_t size = 0;       // bytes
    std::uint64_t position = 0;   // bytes
    std::uint32_t seals = 0;      // as fcntl(F_GET_SEALS) gives them
    FileFolio *folios = nullptr;  // ascending by index, not overlapping
    std::uint64_t folio_count = 0;
    std::uint64_t array_pages = 0;

    std::span<const FileFolio> content() const { return {folios, folio_count}; }
};

class MemoryFiles {
public:
    static const FileType type;  // NOLINT(bugprone-dynamic-static-initializers): constinit

    constexpr MemoryFiles() = default;
    void init(Pages &pages) {
        pages_ = &pages;
        pool_.init(pages);
    }

    // An empty file with one reference, the caller's.
    Result<MemoryFile *> create(std::uint64_t size);

    // Room for `count` folios in all. ENOMEM changes nothing.
    Errno reserve(MemoryFile &file, std::uint64_t count);

    // Gives the file a used folio, which it frees in the end. EINVAL: `index` is unaligned, not behind the
    // last folio, or beyond the file's end. EBUSY: the file is held by a file set. ENOMEM.
    Errno add_folio(MemoryFile &file, std::uint64_t index, kho::PhysAddr at, unsigned order);

    std::uint64_t count() const { return pool_.count(); }
    // Pages that the file objects take, their folios and folio arrays not counted.
    std::uint64_t object_pages() const { return pool_.pages(); }

private:
    static void release(File &file);

    Pages *pages_ = nullptr;
    Pool<MemoryFile> pool_;
};

}  // namespace guest
