// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/luo/handlers/memory_file.h"

#include <algorithm>

namespace guest {

using kho::PhysAddr;

constinit const FileType MemoryFiles::type{"memory file", &MemoryFiles::release};

Result<MemoryFile *> MemoryFiles::create(std::uint64_t size) {
    MemoryFile *file = pool_.create();
    if (file == nullptr)
        return Errno::enomem;
    file->type = &type;
    file->references = 1;
    file->owner = this;
    file->size = size;
    return file;
}

Errno MemoryFiles::reserve(MemoryFile &file, std::uint64_t count) {
    const std::uint64_t wanted = pages_of(count * sizeof(FileFolio));
    if (wanted <= file.array_pages)
        return Errno::ok;
    const Result<PhysAddr> run = pages_->allocate_run(wanted);
    if (!run)
        return run.error();
    auto *fresh = reinterpret_cast<FileFolio *>(pages_->bytes(*run, wanted * kho::page_size));
    if (file.folios != nullptr) {
        std::copy_n(file.folios, file.folio_count, fresh);
        static_cast<void>(pages_->free_run(pages_->window().address(file.folios), file.array_pages));
    }
    file.folios = fresh;
    file.array_pages = wanted;
    return Errno::ok;
}

Errno MemoryFiles::add_folio(MemoryFile &file, std::uint64_t index, PhysAddr at, unsigned order) {
    if (file.held)
        return Errno::ebusy;
    const std::uint64_t file_pages = pages_of(file.size);
    std::uint64_t behind = 0;
    if (file.folio_count > 0) {
        const FileFolio &last = file.folios[file.folio_count - 1];
        behind = last.index + (std::uint64_t{1} << last.order);
    }
    if (order > kho::max_order || !kho::is_aligned(index, std::uint64_t{1} << order) || index < behind ||
        index >= file_pages)
        return Errno::einval;
    const std::uint64_t room = (file.array_pages << kho::page_shift) / sizeof(FileFolio);
    if (file.folio_count == room)
        if (const Errno error = reserve(file, std::max<std::uint64_t>(1, room * 2)); error != Errno::ok)
            return error;
    file.folios[file.folio_count++] = {at, index, order};
    return Errno::ok;
}

void MemoryFiles::release(File &base) {
    auto &file = static_cast<MemoryFile &>(base);
    MemoryFiles &owner = *file.owner;
    for (const FileFolio &folio : file.content()) static_cast<void>(owner.pages_->free(folio.at));
    if (file.folios != nullptr)
        static_cast<void>(
            owner.pages_->free_run(owner.pages_->window().address(file.folios), file.array_pages));
    owner.pool_.destroy(&file);
}

}  // namespace guest
