// SPDX-License-Identifier: GPL-2.0-or-later
// What the command is tried on: dumps of each kernel in each scenario.
#pragma once

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "legs.h"
#include "linux_dump.h"
#include "tests/tool/run.h"

namespace tool_leg {

using Json = nlohmann::json;

// Every kernel and every scenario; with KHO_LEGS=all in the environment each scenario on each kernel.
inline std::vector<Leg> legs() {
    const char *const wanted = std::getenv("KHO_LEGS");
    if (wanted == nullptr || std::string_view(wanted) != "all")
        return {
            {"6.19", "mixed"},     {"6.19", "empty"},        {"6.19", "many-files"}, {"7.0", "mixed"},
            {"7.0", "flb"},        {"7.0", "memblock"},      {"7.1", "mixed"},       {"7.1", "many-sessions"},
            {"7.2", "mixed"},      {"7.2", "one"},           {"7.3", "mixed"},       {"7.3", "empty"},
            {"7.3", "many-files"}, {"7.3", "many-sessions"}, {"7.3", "memblock"},    {"7.3", "kho_test"}};
    std::vector<Leg> all;
    for (const char *const release : harness::linux_releases)
        for (const char *const scenario :
             {"empty", "one", "mixed", "many-files", "many-sessions", "flb", "memblock", "kho_test"})
            if (std::string_view(release) != "6.19" || std::string_view(scenario) != "flb")  // it has none
                all.push_back({release, scenario});
    return all;
}

// How each release writes, and what becomes of that in the others.
struct Format {
    std::string_view release;
    std::vector<std::string> writers;
    std::string_view kho, luo, memfd;
    bool flbs, metadata;
    std::vector<const char *> fates;  // of harness::linux_releases
};
inline const Format &format_of(std::string_view release) {
    static const Format formats[] = {
        {"6.19",
         {"6.19"},
         "kho-v1",
         "luo-v1",
         "memfd-v1",
         false,
         false,
         {"accepted", "panic", "cold boot", "cold boot", "cold boot"}},
        {"7.0",
         {"7.0"},
         "kho-v1",
         "luo-v1",
         "memfd-v1",
         true,
         false,
         {"accepted", "accepted", "cold boot", "cold boot", "cold boot"}},
        {"7.1",
         {"7.1"},
         "kho-v3",
         "luo-v1",
         "memfd-v2",
         true,
         true,
         {"cold boot", "cold boot", "accepted", "cold boot", "cold boot"}},
        {"7.2",
         {"7.2", "7.3"},
         "kho-v4",
         "luo-v5",
         "memfd-v2",
         true,
         true,
         {"cold boot", "cold boot", "cold boot", "accepted", "accepted"}},
        {"7.3",
         {"7.2", "7.3"},
         "kho-v4",
         "luo-v5",
         "memfd-v2",
         true,
         true,
         {"cold boot", "cold boot", "cold boot", "accepted", "accepted"}},
    };
    for (const Format &format : formats)
        if (format.release == release)
            return format;
    std::abort();
}

// What kho prints with these arguments; it must be clean and silent on standard error.
inline std::string output_of(const std::vector<std::string> &arguments) {
    const kho::test::Ran ran = kho::test::kho(arguments);
    EXPECT_EQ(ran.status, 0) << arguments.at(0) << ": " << ran.err << ran.out.substr(0, 2000);
    EXPECT_EQ(ran.err, "") << arguments.at(0);
    return ran.out;
}
inline Json json_of(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin() + 1, "--json");
    const std::string text = output_of(arguments);
    Json json = Json::parse(text, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << text.substr(0, 2000);
    return json.is_discarded() ? Json::object() : json;
}

inline std::string hex(std::uint64_t value) {
    char text[24];
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(value));
    return text;
}

// A leg's dump, with the session of the manifest itself behind those that it lists.
inline std::vector<agent::ManifestSession> sessions_of(const harness::LinuxDump &dump) {
    std::vector<agent::ManifestSession> sessions = dump.manifest.sessions;
    if (dump.manifest.scenario != "empty")
        sessions.push_back({.name = agent::manifest_session,
                            .files = {{.token = agent::manifest_token,
                                       .size = agent::to_text(dump.manifest).size(),
                                       .position = 0,
                                       .seed = 0,
                                       .layout = agent::Layout::full,
                                       .seals = {}}}});
    return sessions;
}

}  // namespace tool_leg
