// SPDX-License-Identifier: GPL-2.0-or-later
// A folder of the test's own, removed with all that is in it.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

class TemporaryFolder {
public:
    TemporaryFolder() : path_(std::filesystem::temp_directory_path() / "kho-XXXXXX") {
        if (mkdtemp(path_.data()) == nullptr)
            std::abort();
    }
    TemporaryFolder(const TemporaryFolder &) = delete;
    TemporaryFolder &operator=(const TemporaryFolder &) = delete;
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    std::string file(const std::string &name) const { return path_ + "/" + name; }
    // Makes a file of this name; returns its path.
    std::string add(const std::string &name, std::span<const std::byte> bytes) const {
        write(file(name), {reinterpret_cast<const char *>(bytes.data()), bytes.size()});
        return file(name);
    }
    const std::string &path() const { return path_; }

    std::set<std::string> names() const {
        std::set<std::string> names;
        for (const auto &entry : std::filesystem::directory_iterator(path_))
            names.insert(entry.path().filename().string());
        return names;
    }

    static std::string contents(const std::string &path) {
        std::ifstream stream(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }
    static void write(const std::string &path, std::string_view bytes) {
        std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    }

private:
    std::string path_;
};
