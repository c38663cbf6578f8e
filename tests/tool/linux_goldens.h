// SPDX-License-Identifier: GPL-2.0-or-later
// Recordings of what real kernels handed over, kept in tests/data, and what kho show says of them.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>

#include "tests/temporary_folder.h"

namespace kho::test {

struct LinuxGolden {
    std::string release;
    std::string scenario;  // the agent's, see guest/README.md

    std::string name() const { return "linux-" + release + "-" + scenario; }
    std::string test_name() const {
        std::string text = release + "_" + scenario;
        std::ranges::replace(text, '.', '_');
        return text;
    }
    // What the kernel that made it had on its command line, and the next one needs. The kernel's own test
    // would hand over 8 MiB of noise otherwise.
    std::string parameters() const {
        return std::string("test_kho.max_mem=8192") +
               (scenario == "empty" ? "" : " reserve_mem=8K:4096:golden");
    }
    // The recording's path.
    std::string unpacked_into(const TemporaryFolder &folder) const {
        std::string bytes;
        if (gzFile file = gzopen((TEST_DATA "/" + name() + ".core.gz").c_str(), "rb")) {
            char buffer[1 << 16];
            for (int count = 0; (count = gzread(file, buffer, sizeof buffer)) > 0;)
                bytes.append(buffer, static_cast<std::size_t>(count));
            gzclose(file);
        }
        TemporaryFolder::write(folder.file(name() + ".core"), bytes);
        return folder.file(name() + ".core");
    }
    // What kho show --json printed when it was made, without_origin().
    nlohmann::json shown() const {
        return nlohmann::json::parse(TemporaryFolder::contents(TEST_DATA "/" + name() + ".json"), nullptr,
                                     false);
    }
};
inline void PrintTo(const LinuxGolden &golden, std::ostream *out) { *out << golden.name(); }

inline const LinuxGolden linux_goldens[] = {{"6.19", "empty"}, {"6.19", "one"}, {"7.0", "one"},
                                            {"7.1", "one"},    {"7.2", "one"},  {"7.3", "empty"},
                                            {"7.3", "one"}};

// Without what is about the file and not the handover.
inline nlohmann::json without_origin(nlohmann::json shown) {
    shown.erase("file");
    shown.erase("input");
    return shown;
}

}  // namespace kho::test
