// SPDX-License-Identifier: GPL-2.0-or-later
// Real kernels with the device beside them: one hands over to the payload, which judges, records and hands
// on; another takes what was recorded, without ever having seen the first.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "linux_guest.h"

namespace harness {

// A kernel whose agent starts the payload, in a machine with the device.
Machine to_payload(const std::string &release, const std::string &scenario, const std::string &folder,
                   const std::string &device_options);

// Options of the device that start this release's kernel after the payload, its agent in its second life.
std::string to_linux(const std::string &release);

// The payload, which puts a recording in place and starts that kernel.
Machine replay(const std::string &recording, const std::string &release);

// Whether the payload took the handover of the first kernel and found each file as the manifest says.
testing::AssertionResult payload_verified(const std::string &console);
// Whether the kernel that comes last found what `manifest` says, with every byte.
testing::AssertionResult linux_verified(const Outcome &outcome, const agent::Manifest &manifest);

}  // namespace harness
