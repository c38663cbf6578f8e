// SPDX-License-Identifier: GPL-2.0-or-later
// Instead of libFuzzer: runs a target over the files of its corpus, whole and cut at each length, as an
// ordinary test. Arguments: folders and files.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "fuzz.h"

namespace {

std::size_t replay(const std::filesystem::path &path) {
    std::ifstream stream(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(stream), {}};
    const auto *data = reinterpret_cast<const std::uint8_t *>(bytes.data());
    LLVMFuzzerTestOneInput(data, bytes.size());
    // Some hundred cuts, whatever the size.
    const std::size_t step = std::max<std::size_t>(bytes.size() / 256, 1);
    for (std::size_t size = 0; size < bytes.size(); size += step) LLVMFuzzerTestOneInput(data, size);
    return 1;
}

}  // namespace

int main(int count, char **arguments) {
    std::size_t files = 0;
    for (int i = 1; i < count; i++) {
        if (!std::filesystem::is_directory(arguments[i])) {
            files += replay(arguments[i]);
            continue;
        }
        for (const auto &entry : std::filesystem::recursive_directory_iterator(arguments[i]))
            if (entry.is_regular_file())
                files += replay(entry.path());
    }
    std::cout << files << " inputs\n";
    // A corpus that is gone is not a pass.
    return files > 0 ? 0 : 1;
}
