// SPDX-License-Identifier: GPL-2.0-or-later
// Initial RAM file systems as Linux takes them: cpio archives in the "newc" form, one behind the other.
// (Documentation/driver-api/early-userspace/buffer-format.rst) The same entries give the same bytes: no
// times, no owners, inode numbers in order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace agent {

class Initramfs {
public:
    void folder(std::string_view name);
    void file(std::string_view name, std::string_view content, std::uint32_t permissions = 0644);
    void character_device(std::string_view name, std::uint32_t major, std::uint32_t minor);

    // The archive, padded so that another can follow.
    std::string finish() const;

private:
    void entry(std::string_view name, std::uint32_t mode, std::string_view content, std::uint32_t major,
               std::uint32_t minor);

    std::string bytes_;
    std::uint32_t inode_ = 0;
};

}  // namespace agent
