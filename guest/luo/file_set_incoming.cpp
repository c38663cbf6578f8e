// SPDX-License-Identifier: GPL-2.0-or-later
// File sets in the new kernel.
#include "guest/luo/file_set.h"
#include "guest/luo/name.h"

namespace guest {

using kho::PhysAddr;
using kho::abi::luo_file_ser;
using kho::abi::luo_file_set_ser;

Errno FileSet::deserialize(FileSetContext &context, const luo_file_set_ser &ser, const LuoFormat &format,
                           Place &place) {
    if (ser.files == 0)
        return ser.count == 0 ? Errno::ok : fail(place, Fault::count_without_files, 0, ser.count);
    if (ser.count == 0)
        return fail(place, Fault::files_without_count, ser.files);
    format_ = &format;
    const auto one = [&](const luo_file_ser &file, std::uint64_t at) {
        return deserialize_one(context, file, at, place);
    };
    const Errno error = format.read_files(*context.pages, ser, context.max_files, one, place);
    if (error == Errno::ok)
        area_ = PhysAddr{ser.files};
    else
        drop_entries(context);
    return error;
}

Errno FileSet::deserialize_one(FileSetContext &context, const luo_file_ser &ser, std::uint64_t at,
                               Place &place) {
    place.in_file = true;
    place.token = ser.token;

    const std::optional<std::string_view> compatible = terminated(ser.compatible);
    if (!compatible)
        return fail(place, Fault::file_compatible, at);
    FileHandler *handler = context.registry->find(*compatible);
    if (handler == nullptr)
        return fail(place, Fault::file_no_handler, at);
    if (find(context, ser.token) != nullptr)
        return fail(place, Fault::token_twice, at);

    const Result<FileEntry *> added = add_entry(context, ser.token);
    if (!added)
        return fail(place, Fault::out_of_memory, at);
    FileEntry &entry = **added;
    entry.handler = handler;
    entry.serialized_data = ser.data;
    if (handler->ops->check != nullptr) {
        FileOpArgs args = args_of(entry, place);
        if (const Errno error = handler->ops->check(args); error != Errno::ok) {
            if (!place)
                place.fault = Fault::handler_refused;
            if (place.address == 0)
                place.address = at;
            return error;
        }
    }
    place.in_file = false;
    return Errno::ok;
}

void FileSet::drop_entries(FileSetContext &context) {
    while (FileEntry *entry = files_.last()) remove_entry(context, *entry);
    area_ = PhysAddr{};
}

Result<File *> FileSet::retrieve(FileSetContext &context, std::uint64_t token, Place &place) {
    FileEntry *entry = find(context, token);
    if (entry == nullptr)
        return Errno::enoent;
    if (entry->retrieve_status < 0)
        return static_cast<Errno>(-entry->retrieve_status);
    if (entry->retrieve_status == 0) {
        FileOpArgs args = args_of(*entry, place);
        if (const Errno error = entry->handler->ops->retrieve(args); error != Errno::ok) {
            entry->retrieve_status = -static_cast<std::int32_t>(error);
            return error;
        }
        // The handler's reference stays with the set until finish.
        entry->file = args.file;
        entry->file->held = true;
        entry->retrieve_status = 1;
    }
    get_file(*entry->file);
    return entry->file;
}

Errno FileSet::finish(FileSetContext &context, Place &place) {
    for (FileEntry *entry = files_.first(); entry != nullptr; entry = entry->next) {
        if (entry->handler->ops->can_finish == nullptr)
            continue;
        FileOpArgs args = args_of(*entry, place);
        if (!entry->handler->ops->can_finish(args)) {
            if (!place)
                place.fault = Fault::handler_refused;
            place.in_file = true;
            place.token = entry->token;
            return Errno::ebusy;
        }
    }
    while (FileEntry *entry = files_.last()) {
        FileOpArgs args = args_of(*entry, place);
        entry->handler->ops->finish(args);
        context.flbs->file_finish(*entry->handler);
        File *file = entry->file;
        remove_entry(context, *entry);
        if (file != nullptr) {
            file->held = false;
            put_file(*file);
        }
    }
    if (area_ != PhysAddr{})
        format_->release(*context.pages, area_);
    area_ = PhysAddr{};
    return Errno::ok;
}

}  // namespace guest
