// SPDX-License-Identifier: GPL-2.0-or-later
// The rest of what an init needs of its kernel.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace agent {

// proc, sys, devtmpfs and debugfs. What failed, or nothing.
std::string mount_all();

// The value of "key=value" or "key="value"" among the kernel's parameters.
std::optional<std::string> parameter(std::string_view command_line, std::string_view key);
// The same command line with this value instead; appended if it was not there.
std::string with_parameter(std::string_view command_line, std::string_view key, std::string_view value);

// A file's content, which may be one of those without a size. Nothing if it cannot be read.
std::optional<std::string> read_file(const char *path);

std::string uname_release();

// The kernel's messages since boot, as far as its buffer holds them (log_buf_len=).
std::string kernel_log();

// Loads /kernel, with /initrd if that is there. 0, or a negative errno.
int load_next_kernel(const std::string &command_line);
// Freezes what is preserved and jumps. Returns only if the kernel refuses: a negative errno.
int jump();

}  // namespace agent
