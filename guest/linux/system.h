// SPDX-License-Identifier: GPL-2.0-or-later
// The rest of what an init needs of its kernel.
#pragma once

#include <optional>
#include <string>

namespace agent {

// proc, sys and devtmpfs, and debugfs if there is one. What failed, or nothing.
std::string mount_all();

// A file's content, which may be one of those without a size. Nothing if it cannot be read.
std::optional<std::string> read_file(const char *path);

std::string uname_release();

// Loads /kernel, with /initrd if that is there. 0, or a negative errno.
int load_next_kernel(const std::string &command_line);
// Freezes what is preserved and jumps. Returns only if the kernel refuses: a negative errno.
int jump();

}  // namespace agent
