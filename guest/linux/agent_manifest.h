// SPDX-License-Identifier: GPL-2.0-or-later
// A manifest as a whole, for those who can allocate: the agent, and the tests that compare with it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "guest/manifest/reader.h"

namespace agent {

struct ManifestFile {
    std::uint64_t token = 0;
    std::uint64_t size = 0;  // bytes
    std::uint64_t position = 0;
    std::uint64_t seed = 0;
    Layout layout = Layout::full;
    std::optional<std::uint32_t> seals;  // F_SEAL_*; nothing: not carried by that kernel's format

    bool operator==(const ManifestFile &) const = default;
};

struct ManifestSession {
    std::string name;
    std::vector<ManifestFile> files;

    bool operator==(const ManifestSession &) const = default;
};

struct ManifestReservation {
    std::string name;
    std::uint64_t start = 0;            // physical
    std::uint64_t size = 0;             // bytes
    std::optional<std::uint64_t> seed;  // nothing: it could not be written

    bool operator==(const ManifestReservation &) const = default;
};

struct Manifest {
    std::string release;  // uname -r
    std::string scenario;
    std::vector<ManifestSession> sessions;
    std::vector<ManifestReservation> reservations;

    std::uint64_t files() const;
    std::uint64_t bytes() const;
    bool operator==(const Manifest &) const = default;
};

std::string to_text(const Manifest &manifest);
// Nothing if it is not a complete manifest; `line` is then the one that is not understood, from 1 on.
std::optional<Manifest> manifest_from(std::string_view text, unsigned *line = nullptr);

}  // namespace agent
