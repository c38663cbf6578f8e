// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

// The folder of Linux kernels (bzImage-6.19 ...) that KHO_KERNELS names; empty if it is not set: tests that
// need a kernel are skipped. Throws if it is not a folder, so that a mistyped or relative path fails the tests.
inline std::string kernels_folder() {
    const char *const folder = std::getenv("KHO_KERNELS");
    if (!folder || !*folder)
        return {};
    if (!std::filesystem::is_directory(folder))
        throw std::runtime_error(std::string("KHO_KERNELS: there is no folder ") + folder + ", seen from " +
                                 std::filesystem::current_path().string() + "; tests need an absolute path");
    return folder;
}
