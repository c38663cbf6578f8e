// SPDX-License-Identifier: GPL-2.0-or-later
// The FLBs that a Linux with CONFIG_LIVEUPDATE_TEST has on its memfd handler, from 7.0 on: three names, and a
// number each as their data. Such a kernel counts files on them when it finishes memfds, whether they were
// handed over or not, and complains if they were not. Facts from: lib/tests/liveupdate.c,
// include/linux/kho/abi/luo.h (7.3).
#pragma once

#include "guest/luo/registry.h"

namespace guest {

class LinuxFlbs {
public:
    constexpr LinuxFlbs() = default;

    // Makes the handler's files depend on all of them.
    Errno add_to(Registry &registry, FileHandler &handler);
    Errno remove_from(Registry &registry, FileHandler &handler);

private:
    static constexpr unsigned count = 3;
    Flb flbs_[count];
};

}  // namespace guest
