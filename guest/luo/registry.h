// SPDX-License-Identifier: GPL-2.0-or-later
// The registered file handlers, and the FLBs that they depend on.
#pragma once

#include "guest/kho/pool.h"
#include "guest/luo/file_handler.h"

namespace guest {

class Registry {
public:
    constexpr Registry() = default;

    // `enabled`: liveupdate=on. `flbs`: there is a place to hand them over.
    void init(Pages &pages, bool enabled, bool flbs = true) {
        links_.init(pages);
        enabled_ = enabled;
        has_flbs_ = flbs;
    }
    bool enabled() const { return enabled_; }

    // EOPNOTSUPP: live update is off. EINVAL: a mandatory callback is missing, or `compatible` is empty or
    // too long. EBUSY: there are sessions. EEXIST: `compatible` is registered. EAGAIN: the owner is going.
    Errno add(FileHandler &handler);
    // And what it depends on. EOPNOTSUPP, EBUSY as above; ENOENT: it is not registered.
    Errno remove(FileHandler &handler);

    // Makes all files of a handler depend on an FLB. EOPNOTSUPP: live update is off, or without FLBs. EINVAL:
    // a mandatory callback is missing, `compatible` is empty or too long, or the handler is not registered.
    // EBUSY as above. EEXIST: it depends on it already, or another FLB has this compatible. ENOSPC: there are
    // 63 others. ENOMEM.
    Errno add_flb(FileHandler &handler, Flb &flb);
    // EOPNOTSUPP, EBUSY as above, or because a reference is still held; ENOENT: the handler does not
    // depend on it.
    Errno remove_flb(FileHandler &handler, Flb &flb);

    // The first handler that takes this file, in order of registration; nullptr if none does.
    FileHandler *for_file(const File &file) const;
    FileHandler *find(std::string_view compatible) const;
    Flb *find_flb(std::string_view compatible) const;
    const List<FileHandler> &handlers() const { return handlers_; }
    const List<Flb> &flbs() const { return flbs_; }
    static bool depends(const FileHandler &handler, const Flb &flb) {
        return find_link(handler, flb) != nullptr;
    }

    // Its object is in use, or will be needed: preserved, or retrieved and not finished.
    static bool in_use(const Flb &flb) {
        return flb.outgoing.references > 0 || flb.incoming.state == FlbIncoming::retrieved;
    }
    std::uint64_t pages() const { return links_.pages(); }

    // Sessions count themselves in and out: while there are any, handlers neither come nor go.
    void session_added() { sessions_++; }
    void session_removed() { sessions_--; }

private:
    static FlbLink *find_link(const FileHandler &handler, const Flb &flb);
    void unlink(FileHandler &handler, FlbLink &link);

    List<FileHandler> handlers_;
    List<Flb> flbs_;
    Pool<FlbLink> links_;
    std::uint64_t sessions_ = 0;
    bool enabled_ = false;
    bool has_flbs_ = true;
};

}  // namespace guest
