// SPDX-License-Identifier: GPL-2.0-or-later
// What an agent hands over, by name.
#pragma once

#include <string_view>
#include <vector>

#include "guest/linux/agent_manifest.h"

namespace agent {

// The two numbers that a kernel's abilities depend on; 0.0 if `uname` has no such numbers.
struct Release {
    unsigned major = 0, minor = 0;

    static Release from(std::string_view uname);
    auto operator<=>(const Release &) const = default;  // NOLINT(modernize-use-nullptr): there is none
};

// What the formats of a release can hold.
struct Limits {
    unsigned sessions;    // at most, the manifest's own among them
    unsigned files;       // in one session, that the scenario `many-files` makes
    std::uint32_t seals;  // F_SEAL_* that are carried; 0: none are
    bool flbs;            // whether there is file-lifecycle-bound data at all

    static Limits of(Release release);
};

// Whether there is such a scenario.
bool is_scenario(std::string_view name);
// Its sessions; no session at all for `empty`.
std::vector<ManifestSession> sessions_of(std::string_view scenario, const Limits &limits);

}  // namespace agent
