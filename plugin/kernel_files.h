// SPDX-License-Identifier: GPL-2.0-or-later
// The files that the next kernel is made of, read whole.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "fdt/boot.h"
#include "plugin/status.h"

namespace kexec_handover {

struct KernelFiles {
    std::vector<std::byte> kernel;
    std::vector<std::byte> initrd;
    kho::KernelImage image;  // points into `kernel`
};

// `initrd` may be empty. Refuses with kernel_missing to kernel_no_64bit_entry, or initrd_unreadable.
Checked<KernelFiles> read_kernel_files(const std::string &kernel, const std::string &initrd);

}  // namespace kexec_handover
