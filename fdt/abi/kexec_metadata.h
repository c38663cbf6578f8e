// SPDX-License-Identifier: GPL-2.0-or-later
// Wire format of the subtree "kexec-metadata" (from Linux 7.1 on): where the handover comes from.
// Facts from: include/linux/kho/abi/kexec_metadata.h, kernel/liveupdate/kexec_handover.c.
#pragma once

#include "fdt/abi/phys.h"

namespace kho::abi {

inline constexpr char kexec_metadata_subtree_name[] = "kexec-metadata";
inline constexpr std::uint32_t kexec_metadata_version = 1;

struct [[gnu::packed]] kho_kexec_metadata {
    std::uint32_t version;
    char previous_release[65];  // NUL-terminated, as uname -r gives it
    std::uint32_t kexec_count;  // kexecs since the last cold boot
};
static_assert(sizeof(kho_kexec_metadata) == 73 && offsetof(kho_kexec_metadata, previous_release) == 4 &&
              offsetof(kho_kexec_metadata, kexec_count) == 69);

}  // namespace kho::abi
