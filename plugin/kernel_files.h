// SPDX-License-Identifier: GPL-2.0-or-later
// The files that the next kernel is made of, read whole.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "fdt/boot/boot_image.h"
#include "plugin/status.h"

namespace kexec_handover {

struct KernelFiles {
    std::vector<std::byte> kernel;
    std::vector<std::byte> initrd;
    kho::BootImage image;  // points into `kernel`
};

// A vmlinux with all its debug information is about that large; it is more than what gets loaded.
inline constexpr std::uint64_t max_kernel_file = std::uint64_t{2} << 30;

// `initrd` may be empty; `scratch` is the memory, in bytes, that it has to fit into. Refuses with
// kernel_missing to initrd_too_large.
Checked<KernelFiles> read_kernel_files(const std::string &kernel, const std::string &initrd,
                                       std::uint64_t scratch);

}  // namespace kexec_handover
