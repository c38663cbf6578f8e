// SPDX-License-Identifier: GPL-2.0-or-later
// How a kernel came to run, from what the device counts and what the boot data says. Only a kernel
// that received no handover may start as a first life: whatever else looks like a cold boot is a lost handover.
#pragma once

#include <cstdint>
#include <string_view>

namespace guest {

enum class Start : std::uint8_t {
    cold_boot,
    after_kexec,  // with a handover of ours
    foreign,      // with a handover that another kernel made
    lost,         // after a kexec, without one
    malformed,    // the boot data has one that cannot be read
};

// `kexecs` since power-on or system reset, as the device counts. `ours`: the handover is the one of the last
// of them; a real kexec in between leaves another. `found`: that handed on what it found.
constexpr Start start_of(std::uint64_t kexecs, bool handover, bool malformed, bool ours, bool found) {
    if (malformed)
        return Start::malformed;
    if (handover)
        return kexecs == 0 || !ours || found ? Start::foreign : Start::after_kexec;
    return kexecs == 0 ? Start::cold_boot : Start::lost;
}

}  // namespace guest
