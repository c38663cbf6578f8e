// SPDX-License-Identifier: GPL-2.0-or-later
// File sets in the old kernel.
#include "guest/luo/file_set.h"

#include <algorithm>

#include "guest/kho/preserve.h"

namespace guest {

using kho::PhysAddr;
using kho::abi::luo_file_ser;
using kho::abi::luo_file_set_ser;

FileOpArgs args_of(const FileEntry &entry, Place &place) {
    return {.handler = entry.handler,
            .file = entry.file,
            .serialized_data = entry.serialized_data,
            .retrieve_status = entry.retrieve_status,
            .private_data = entry.private_data,
            .place = &place};
}

namespace {

std::uint64_t hash_of(const FileSet *set, std::uint64_t token) {
    return mix(mix(reinterpret_cast<std::uintptr_t>(set)) ^ token);
}

PhysAddr slot(PhysAddr area, std::uint64_t i) { return area + i * sizeof(luo_file_ser); }

}  // namespace

FileEntry *FileSet::find(const FileSetContext &context, std::uint64_t token) const {
    return context.by_token.find(hash_of(this, token), [&](const FileEntry &entry) {
        return entry.set == this && entry.token == token;
    });
}

Result<FileEntry *> FileSet::add_entry(FileSetContext &context, std::uint64_t token) {
    FileEntry *entry = context.entries.create();
    if (entry == nullptr)
        return Errno::enomem;
    entry->set = this;
    entry->token = token;
    if (const Errno error = context.by_token.insert(*entry, hash_of(this, token)); error != Errno::ok) {
        context.entries.destroy(entry);
        return error;
    }
    files_.append(*entry);
    return entry;
}

void FileSet::remove_entry(FileSetContext &context, FileEntry &entry) {
    files_.remove(entry);
    context.by_token.erase(entry);
    context.entries.destroy(&entry);
}

void FileSet::free_area_if_empty(FileSetContext &context) {
    if (!files_.empty() || area_ == PhysAddr{})
        return;
    static_cast<void>(unpreserve_free(*context.pages, area_));
    area_ = PhysAddr{};
}

Errno FileSet::preserve(FileSetContext &context, std::uint64_t token, File *file, Place &place) {
    if (find(context, token) != nullptr)
        return Errno::eexist;
    if (files_.count() >= context.max_files)
        return Errno::enospc;
    if (file == nullptr)
        return Errno::ebadf;
    FileHandler *handler = context.registry->for_file(*file);
    if (handler == nullptr)
        return Errno::enoent;
    if (file->held)
        return Errno::ebusy;

    if (area_ == PhysAddr{}) {
        const Result<PhysAddr> area = alloc_preserve(*context.pages, context.area_bytes());
        if (!area)
            return area.error();
        area_ = *area;
    }
    const Errno error = preserve_with(context, *handler, token, *file, place);
    if (error != Errno::ok)
        free_area_if_empty(context);
    return error;
}

Errno FileSet::preserve_with(FileSetContext &context, FileHandler &handler, std::uint64_t token, File &file,
                             Place &place) {
    if (const Errno error = context.flbs->file_preserve(handler, place); error != Errno::ok)
        return error;
    const Result<FileEntry *> added = add_entry(context, token);
    if (!added) {
        context.flbs->file_unpreserve(handler);
        return added.error();
    }
    FileEntry &entry = **added;
    entry.handler = &handler;
    entry.file = &file;
    FileOpArgs args = args_of(entry, place);
    if (const Errno error = handler.ops->preserve(args); error != Errno::ok) {
        remove_entry(context, entry);
        context.flbs->file_unpreserve(handler);
        return error;
    }
    entry.serialized_data = args.serialized_data;
    entry.private_data = args.private_data;
    get_file(file);
    file.held = true;
    return Errno::ok;
}

void FileSet::unpreserve_all(FileSetContext &context) {
    while (FileEntry *entry = files_.last()) {
        Place nowhere;
        FileOpArgs args = args_of(*entry, nowhere);
        entry->handler->ops->unpreserve(args);
        context.flbs->file_unpreserve(*entry->handler);
        File *file = entry->file;
        remove_entry(context, *entry);
        file->held = false;
        put_file(*file);
    }
    free_area_if_empty(context);
}

Errno FileSet::freeze(FileSetContext &context, luo_file_set_ser &ser, Place &place) {
    ser = {};
    if (files_.empty())
        return Errno::ok;
    std::uint64_t i = 0;
    for (FileEntry *entry = files_.first(); entry != nullptr; entry = entry->next, i++) {
        entry->unfrozen_data = entry->serialized_data;
        if (entry->handler->ops->freeze != nullptr) {
            FileOpArgs args = args_of(*entry, place);
            if (const Errno error = entry->handler->ops->freeze(args); error != Errno::ok) {
                if (!place)
                    place.fault = Fault::handler_refused;
                place.in_file = true;
                place.token = entry->token;
                unfreeze_before(context, entry);
                return error;
            }
            entry->serialized_data = args.serialized_data;
        }
        luo_file_ser file{};
        std::copy_n(entry->handler->compatible.data(), entry->handler->compatible.size(), file.compatible);
        file.data = entry->serialized_data;
        file.token = entry->token;
        static_cast<void>(context.pages->window().store(slot(area_, i), file));
    }
    ser = {.files = kho::value(area_), .count = files_.count()};
    return Errno::ok;
}

// Unfreezes what comes before `end` (nullptr: all), last first, and clears the array.
void FileSet::unfreeze_before(FileSetContext &context, FileEntry *end) {
    for (FileEntry *entry = end != nullptr ? end->previous : files_.last(); entry != nullptr;
         entry = entry->previous) {
        if (entry->handler->ops->unfreeze == nullptr) {
            entry->serialized_data = entry->unfrozen_data;
            continue;
        }
        Place nowhere;
        FileOpArgs args = args_of(*entry, nowhere);
        entry->handler->ops->unfreeze(args);
        entry->serialized_data = args.serialized_data;
    }
    zero_words(context.pages->bytes(area_, context.area_bytes()), context.area_bytes());
}

void FileSet::unfreeze(FileSetContext &context) {
    if (!files_.empty())
        unfreeze_before(context, nullptr);
}

}  // namespace guest
