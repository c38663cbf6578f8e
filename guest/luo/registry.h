// SPDX-License-Identifier: GPL-2.0-or-later
// The registered file handlers.
#pragma once

#include "guest/kho/list.h"
#include "guest/luo/file_handler.h"

namespace guest {

class Registry {
public:
    constexpr Registry() = default;

    // liveupdate=on
    void enable(bool on) { enabled_ = on; }
    bool enabled() const { return enabled_; }

    // EOPNOTSUPP: live update is off. EINVAL: a mandatory callback is missing, or `compatible` is empty or
    // too long. EBUSY: there are sessions. EEXIST: `compatible` is registered. EAGAIN: the owner is going.
    Errno add(FileHandler &handler);
    // EOPNOTSUPP, EBUSY as above; ENOENT: it is not registered.
    Errno remove(FileHandler &handler);

    // The first handler that takes this file, in order of registration; nullptr if none does.
    FileHandler *for_file(const File &file) const;
    FileHandler *find(std::string_view compatible) const;

    // Sessions count themselves in and out: while there are any, handlers neither come nor go.
    void session_added() { sessions_++; }
    void session_removed() { sessions_--; }

private:
    List<FileHandler> handlers_;
    std::uint64_t sessions_ = 0;
    bool enabled_ = false;
};

}  // namespace guest
