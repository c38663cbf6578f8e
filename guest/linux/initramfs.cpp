// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/linux/initramfs.h"

#include <cstdio>

namespace agent {

namespace {

constexpr std::uint32_t folder_mode = 0040755, character_device_mode = 0020600, file_type = 0100000;

void pad(std::string &bytes, std::size_t to) { bytes.resize((bytes.size() + to - 1) / to * to); }

void append(std::string &bytes, std::uint32_t inode, std::string_view name, std::uint32_t mode,
            std::string_view content, std::uint32_t major, std::uint32_t minor) {
    const auto size = static_cast<std::uint32_t>(content.size());
    const auto name_size = static_cast<std::uint32_t>(name.size() + 1);
    const std::uint32_t links = mode >> 12 == folder_mode >> 12 ? 2 : 1;
    char header[6 + 13 * 8 + 1];
    // magic; inode, mode, uid, gid, links, mtime, size, device major and minor, rdev major and minor, name
    // size, check
    std::snprintf(header, sizeof header, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", inode,
                  mode, 0U, 0U, links, 0U, size, 0U, 0U, major, minor, name_size, 0U);
    bytes += header;
    bytes += name;
    bytes += '\0';
    pad(bytes, 4);
    bytes += content;
    pad(bytes, 4);
}

}  // namespace

void Initramfs::entry(std::string_view name, std::uint32_t mode, std::string_view content,
                      std::uint32_t major, std::uint32_t minor) {
    append(bytes_, ++inode_, name, mode, content, major, minor);
}

void Initramfs::folder(std::string_view name) { entry(name, folder_mode, {}, 0, 0); }

void Initramfs::file(std::string_view name, std::string_view content, std::uint32_t permissions) {
    entry(name, file_type | permissions, content, 0, 0);
}

void Initramfs::character_device(std::string_view name, std::uint32_t major, std::uint32_t minor) {
    entry(name, character_device_mode, {}, major, minor);
}

std::string Initramfs::finish() const {
    std::string result = bytes_;
    append(result, 0, "TRAILER!!!", 0, {}, 0, 0);
    pad(result, 512);
    return result;
}

}  // namespace agent
