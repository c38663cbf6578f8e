// SPDX-License-Identifier: GPL-2.0-or-later
// The programs with which Linux itself tests live updates, as init's only child: stage 1 preserves and
// kexecs whatever it is given, stage 2 retrieves. Fetched and built when first asked for.
// (tools/testing/selftests/liveupdate)
#pragma once

#include <string>

#include "qemu_process.h"

namespace harness {

struct Selftests {
    std::string folder;   // of the programs and their init
    bool absent = false;  // they cannot be had here
    bool broken = false;  // they could not be built
    std::string why;      // then: why not
};
const Selftests &selftests();

// Stage 1 of a program on this release's kernel, which kexecs the bzImage `next`. That gets the same
// initramfs, for stage 2. The initramfs is written to `folder`.
Machine selftest_machine(const std::string &release, const std::string &program, const std::string &next,
                         const std::string &folder);

// The payload, which puts `recording` in place and starts that release's kernel in stage 2 of the program.
Machine selftest_replay(const std::string &recording, const std::string &release, const std::string &program,
                        const std::string &folder);

// Why this is not a pass of stage 2 by a kernel that has nothing to complain about; empty if it is.
std::string selftest_fault(const Outcome &outcome);

}  // namespace harness
