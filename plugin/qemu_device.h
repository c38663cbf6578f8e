// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace qemu {

// Makes qemu::device_type known to QEMU's object model; a second call does nothing. Needs resolved symbols.
void register_device_type();

}  // namespace qemu
