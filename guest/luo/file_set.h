// SPDX-License-Identifier: GPL-2.0-or-later
// The files of one session, with their tokens.
//
// In the old kernel files come in one by one (preserve) and go all together, last first (unpreserve_all).
// freeze() writes the luo_file_ser array; it is all or nothing, undone last first. In the new kernel
// deserialize() makes the entries, retrieve() the files, finish() ends it, last first, after every
// can_finish agreed. Compare kernel/liveupdate/luo_file.c.
//
// Every operation on one file is O(1): the tokens of all sets are in one hash table.
#pragma once

#include "fdt/abi/luo.h"
#include "guest/kho/hash_table.h"
#include "guest/kho/list.h"
#include "guest/kho/pool.h"
#include "guest/luo/areas.h"
#include "guest/luo/flb_set.h"
#include "guest/luo/luo_root.h"

namespace guest {

class FileSet;

struct FileEntry {
    FileEntry *next, *previous;  // in the set, in order of preservation
    FileEntry *hash_next;
    std::uint64_t hash;
    const FileSet *set;
    FileHandler *handler;
    File *file;  // null in the new kernel until it is retrieved
    std::uint64_t serialized_data;
    std::uint64_t unfrozen_data;  // what it was before it was frozen
    std::uint64_t token;
    void *private_data;
    std::int32_t retrieve_status;
};

// What all file sets share.
struct FileSetContext {
    Pages *pages = nullptr;
    Registry *registry = nullptr;
    FlbSet *flbs = nullptr;
    std::uint64_t max_files = kho::abi::max_files_per_set;
    Pool<FileEntry> entries;
    HashTable<FileEntry> by_token;

    std::uint64_t area_bytes() const { return file_area_bytes(max_files); }
};

class FileSet {
public:
    constexpr FileSet() = default;

    std::uint64_t count() const { return files_.count(); }
    const List<FileEntry> &files() const { return files_; }
    // Of the luo_file_ser array, or of the first block of an incoming luo-v5 one; 0 while the set is empty.
    kho::PhysAddr area() const { return area_; }

    // In this order: EEXIST: the token is used. ENOSPC: the set is full. EBADF: no file. ENOENT: no handler
    // takes it. EBUSY: a set holds it already. ENOMEM, or the error of an FLB that the handler depends on, or
    // the handler's own. Whatever it is, nothing was taken.
    Errno preserve(FileSetContext &context, std::uint64_t token, File *file, Place &place);
    void unpreserve_all(FileSetContext &context);

    // The handler's error, with the token in `place`; then nothing is frozen and `ser` is zero.
    Errno freeze(FileSetContext &context, kho::abi::luo_file_set_ser &ser, Place &place);
    void unfreeze(FileSetContext &context);

    // Into an empty set. An error leaves it empty and says where.
    Errno deserialize(FileSetContext &context, const kho::abi::luo_file_set_ser &ser, const LuoFormat &format,
                      Place &place);
    // ENOENT: no such token; or the handler's error, remembered. The caller gets a reference of its own.
    Result<File *> retrieve(FileSetContext &context, std::uint64_t token, Place &place);
    // EBUSY: a can_finish refused, and nothing was done.
    Errno finish(FileSetContext &context, Place &place);
    // Forgets entries without calling any handler.
    void drop_entries(FileSetContext &context);

private:
    Errno preserve_with(FileSetContext &context, FileHandler &handler, std::uint64_t token, File &file,
                        Place &place);
    FileEntry *find(const FileSetContext &context, std::uint64_t token) const;
    Result<FileEntry *> add_entry(FileSetContext &context, std::uint64_t token);
    void remove_entry(FileSetContext &context, FileEntry &entry);
    Errno deserialize_one(FileSetContext &context, const kho::abi::luo_file_ser &ser, std::uint64_t at,
                          Place &place);
    void unfreeze_before(FileSetContext &context, FileEntry *end);
    void free_area_if_empty(FileSetContext &context);

    List<FileEntry> files_;
    kho::PhysAddr area_{};
    const LuoFormat *format_ = nullptr;  // of an incoming area
};

// What the callbacks get of an entry.
FileOpArgs args_of(const FileEntry &entry, Place &place);

}  // namespace guest
