// SPDX-License-Identifier: GPL-2.0-or-later
// The memory files that are handed over: made as the manifest says, and compared with it.
#pragma once

#include <string>

#include "guest/linux/agent_manifest.h"
#include "guest/linux/descriptor.h"

namespace agent {

// `what` is then the system call that failed.
Descriptor make_memory_file(const ManifestFile &spec, const char **what);
Descriptor make_memory_file(std::string_view content, const char **what);

// Size, position, seals and every byte; what is wrong, or nothing.
std::string difference(int fd, const ManifestFile &spec);

// Nothing if it cannot be read; `limit` bytes at most.
std::optional<std::string> contents(int fd, std::size_t limit);

}  // namespace agent
