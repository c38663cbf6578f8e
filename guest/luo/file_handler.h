// SPDX-License-Identifier: GPL-2.0-or-later
// What a kind of file provides to be carried over a live update: a table of callbacks and the string that
// names its serialized form.
//
//   old kernel   can_preserve ─> preserve ─> [freeze] ──kexec──>   or   ─> [unfreeze] ─> unpreserve
//   new kernel   [check] ─> retrieve ─> [can_finish] ─> finish            [ ]: optional
//
// `check` is not in the kernel: it looks at the serialized form while the handover is deserialized, before
// anything was changed, and claims the memory that it refers to, so that two files cannot share pages.
#pragma once

#include <cstdint>
#include <string_view>

#include "guest/kho/fault.h"
#include "guest/kho/list.h"
#include "guest/luo/file.h"
#include "guest/luo/flb.h"

namespace guest {

struct FileHandler;

struct FileOpArgs {
    FileHandler *handler = nullptr;
    File *file = nullptr;               // out in retrieve; null in finish if it was never retrieved
    std::uint64_t serialized_data = 0;  // out in preserve, freeze and unfreeze
    std::int32_t retrieve_status = 0;   // 0: not tried, 1: retrieved, negative: the errno of its failure
    void *private_data = nullptr;       // out in preserve, lives as long as the entry
    Place *place = nullptr;             // where to say what is wrong; never null
};

struct FileOps {
    bool (*can_preserve)(FileHandler &handler, const File &file) = nullptr;
    Errno (*preserve)(FileOpArgs &args) = nullptr;
    void (*unpreserve)(FileOpArgs &args) = nullptr;
    Errno (*retrieve)(FileOpArgs &args) = nullptr;
    void (*finish)(FileOpArgs &args) = nullptr;

    Errno (*freeze)(FileOpArgs &args) = nullptr;
    void (*unfreeze)(FileOpArgs &args) = nullptr;
    bool (*can_finish)(FileOpArgs &args) = nullptr;
    Errno (*check)(FileOpArgs &args) = nullptr;

    // The owner of the callbacks must stay while they are in use. No pin: it always does.
    bool (*pin)(FileHandler &handler) = nullptr;
    void (*unpin)(FileHandler &handler) = nullptr;
};

struct FileHandler {
    const FileOps *ops = nullptr;
    std::string_view compatible;  // 1 to 47 bytes, of static lifetime
    void *context = nullptr;      // the handler's own

    // From here on the registry's and the orchestrator's.
    FileHandler *next = nullptr;
    FileHandler *previous = nullptr;
    List<FlbLink> flbs;  // what its files depend on, in order of registration
};

}  // namespace guest
