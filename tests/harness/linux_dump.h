// SPDX-License-Identifier: GPL-2.0-or-later
// Memory dumps of real kernels at the moment of a kexec, to compare with: everything is frozen and announced,
// the next kernel has been entered, and nothing of it has run. That next kernel is guest/linux/x86_64/halt.S, so the
// dump is what any kernel would have found.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "guest/linux/agent_manifest.h"

namespace harness {

inline constexpr std::uint64_t test_flb_data = 0xfeedf00dcafebee0;  // lib/tests/liveupdate.c

struct LinuxDump {
    std::string file;           // as QEMU's dump-guest-memory writes it: an ELF core, all of RAM; sparse
    std::string console;        // up to the jump
    std::uint64_t boot_params;  // physical; its setup_data leads to the KHO FDT
    agent::Manifest manifest;   // what was preserved, but for the manifest's own session
    // Names of the file-lifecycle-bound data that the kernel's test preserved. The data of number i is
    // test_flb_data + i, and it counts every preserved file, that of the manifest too.
    std::vector<std::string> flbs;
};

// The dump of a scenario (guest/README.md) on the kernel of this release, which must be there
// (linux_kernel()), with more kernel parameters if need be. Made once and kept below the build directory for
// all tests that ask, until kernel or agent change. Throws std::runtime_error, with the console, if the guest
// did not get there.
const LinuxDump &linux_dump(std::string_view release, std::string_view scenario,
                            std::string_view parameters = {});

}  // namespace harness
