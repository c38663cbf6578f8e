// SPDX-License-Identifier: GPL-2.0-or-later
// The table of Linux releases: what each writes and takes. Kernels compare these strings byte for byte and know no older
// ones. This is the only place that says which release has which format; everything that lists releases follows from it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "fdt/model/format.h"

namespace kho {

extern const KhoFormat kho_v1, kho_v3, kho_v4;
extern const LuoFormat luo_v1, luo_v5;

const Formats &linux_formats();
inline std::span<const Release> releases() { return linux_formats().releases; }
inline const Release *find_release(std::string_view name) { return linux_formats().find(name); }
// "6.19, 7.0, 7.1": for messages and help.
std::string release_names();
// What is written if no release is asked for.
const Release &default_release();

}  // namespace kho
