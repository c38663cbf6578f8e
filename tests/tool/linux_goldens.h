// SPDX-License-Identifier: GPL-2.0-or-later
// Recordings of what real kernels handed over, kept in tests/data, and what kho show says of them.
#pragma once

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
