// SPDX-License-Identifier: GPL-2.0-or-later
// Memory that the kernel's parameter reserve_mem= set aside, which KHO carries over under its name. User
// space reaches it through /dev/mem; where it is says the kernel's own FDT for the next kernel
// (mm/memblock.c, debugfs kho/out).
#pragma once

#include <string>
#include <vector>

#include "guest/linux/agent_manifest.h"

namespace agent {

// What is reserved now, without seeds. `why`: what went wrong, or nothing; none reserved is not wrong.
std::vector<ManifestReservation> find_reservations(std::string &why);

// Fills it and sets its seed; leaves that out where the kernel keeps RAM from user space (STRICT_DEVMEM).
// What else went wrong, or nothing.
std::string fill_reservation(ManifestReservation &reservation);
// What of it is not as it was, or nothing.
std::string reservation_difference(const ManifestReservation &reservation);

}  // namespace agent
