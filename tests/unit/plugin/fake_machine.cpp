// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake_machine.h"

#include <filesystem>
#include <fstream>

namespace kexec_handover::test {

Directory::Directory() {
    std::string pattern = std::filesystem::temp_directory_path() / "kexec-test-XXXXXX";
    EXPECT_NE(mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
}

Directory::~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::string Directory::write(const std::string &name, std::span<const std::byte> bytes) const {
    std::ofstream(path(name), std::ios::binary)
        .write(reinterpret_cast<const char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return path(name);
}

std::vector<std::string> Directory::list() const {
    std::vector<std::string> names;
    for (const auto &entry : std::filesystem::directory_iterator(path_))
        names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
}

}  // namespace kexec_handover::test
