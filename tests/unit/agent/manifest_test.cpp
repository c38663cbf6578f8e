// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/linux/agent_manifest.h"

#include <gtest/gtest.h>

#include "guest/linux/agent_scenario.h"

using agent::Manifest;

namespace {

Manifest example() {
    return {.release = "7.3.4",
            .scenario = "mixed",
            .sessions = {{"no file", {}},
                         {"punctuation: \"#'=, name=x",
                          {{~std::uint64_t{0}, 4095, 7, 1, agent::Layout::full, 0x3e},
                           {0, 0, 0, ~std::uint64_t{0}, agent::Layout::only_hole, 0}}},
                         {"x", {{1, 1 << 20, 0, 2, agent::Layout::holes, std::nullopt}}}},
            .reservations = {{"one", 0x1f000000, 0x100000, 5}, {"two", 0x1000, 0x5000, std::nullopt}}};
}

TEST(Manifest, ReadsWhatItWrote) {
    EXPECT_EQ(agent::manifest_from(to_text(example())), example());
    for (const agent::Release release : {agent::Release{6, 19}, agent::Release{7, 3}})
        for (const char *scenario : {"empty", "mixed", "many-files", "many-sessions"}) {
            const Manifest manifest{
                "x", scenario, agent::sessions_of(scenario, agent::Limits::of(release)), {}};
            EXPECT_EQ(agent::manifest_from(to_text(manifest)), manifest);
        }
}

TEST(Manifest, LooksAsItIsDescribed) {
    const Manifest manifest{"7.3.4",
                            "mixed",
                            {{"odd sizes", {{1, 4095, 1365, 0x1d2c, agent::Layout::full, 1}}}},
                            {{"example", 0x1f000000, 0x100000, 5}}};
    EXPECT_EQ(to_text(manifest),
              "kho-manifest 1\n"
              "release 7.3.4\n"
              "scenario mixed\n"
              "session files=1 name=odd sizes\n"
              "file token=0x1 size=4095 pos=1365 seed=0x1d2c layout=full seals=0x1\n"
              "reserved start=0x1f000000 size=0x100000 seed=0x5 name=example\n"
              "end sessions=1 files=1 bytes=4095\n");
}

#define HEAD "kho-manifest 1\nrelease 7.3\nscenario one\n"

TEST(Manifest, RefusesWhatItDoesNotUnderstandAndSaysWhere) {
    struct Case {
        const char *what, *text;
        unsigned line;
    };
    constexpr Case cases[] = {
        {"nothing", "", 0},
        {"another version", "kho-manifest 2\nrelease 7.3\n", 1},
        {"no newline", "kho-manifest 1", 0},
        {"no release", "kho-manifest 1\nscenario one\n", 2},
        {"an empty release", "kho-manifest 1\nrelease \n", 2},
        {"no scenario", "kho-manifest 1\nrelease 7.3\nend sessions=0 files=0 bytes=0\n", 3},
        {"a second release", HEAD "release 7.3\nend sessions=0 files=0 bytes=0\n", 4},
        {"no end", HEAD, 3},
        {"an end without newline", HEAD "end sessions=0 files=0 bytes=0", 3},
        {"something behind the end", HEAD "end sessions=0 files=0 bytes=0\n\n", 4},
        {"an empty line", HEAD "\nend sessions=0 files=0 bytes=0\n", 4},
        {"an unknown word", HEAD "folder x=1\n", 4},
        {"an unknown key", HEAD "session files=0 colour=1 name=x\n", 4},
        {"a key twice", HEAD "session files=0 files=0 name=x\n", 4},
        {"a key too few", HEAD "session name=x\n", 4},
        {"no name", HEAD "session files=0\n", 4},
        {"an empty name", HEAD "session files=0 name=\n", 4},
        {"a tab", HEAD "session files=0 name=x\ty\n", 4},
        {"no number", HEAD "end sessions= files=0 bytes=0\n", 4},
        {"no digit", HEAD "end sessions=0x files=0 bytes=0\n", 4},
        {"a hexadecimal digit in a decimal number", HEAD "end sessions=1a files=0 bytes=0\n", 4},
        {"a negative number", HEAD "end sessions=-1 files=0 bytes=0\n", 4},
        {"a number of 65 bits", HEAD "end sessions=0x10000000000000000 files=0 bytes=0\n", 4},
        {"two to the 64th", HEAD "end sessions=18446744073709551616 files=0 bytes=0\n", 4},
        {"a file of no session", HEAD "file token=1 size=0 pos=0 seed=1 layout=full\n", 4},
        {"a file too few", HEAD "session files=1 name=x\nend sessions=1 files=0 bytes=0\n", 5},
        {"a file without seed", HEAD "session files=1 name=x\nfile token=1 size=0 pos=0 layout=full\n", 5},
        {"an unknown layout", HEAD "session files=1 name=x\nfile token=1 size=0 pos=0 seed=1 layout=x\n", 5},
        {"a sum of sizes over 64 bits",
         HEAD "session files=2 name=x\nfile token=1 size=0xffffffffffffffff pos=0 seed=1 layout=full\n"
              "file token=2 size=1 pos=0 seed=1 layout=full\n",
         6},
        {"a wrong count of sessions", HEAD "end sessions=1 files=0 bytes=0\n", 4},
        {"a wrong count of files", HEAD "end sessions=0 files=1 bytes=0\n", 4},
        {"a wrong count of bytes", HEAD "end sessions=0 files=0 bytes=1\n", 4},
    };
    for (const Case &c : cases) {
        unsigned line = 99;
        EXPECT_EQ(agent::manifest_from(c.text, &line), std::nullopt) << c.what;
        EXPECT_EQ(line, c.line) << c.what;
    }
}

// In a buffer of the exact size, so that a sanitizer sees the byte too far.
TEST(Manifest, CutOrChangedAnywhereIsRefusedOrStillOne) {
    const std::string whole = to_text(example());
    for (std::size_t size = 0; size < whole.size(); size++) {
        const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_EQ(agent::manifest_from({cut.data(), cut.size()}), std::nullopt) << size;
    }
    for (std::size_t at = 0; at < whole.size(); at++)
        for (const char with : {'\0', '\n', ' ', '=', '9', '\xff'}) {
            std::vector<char> changed(whole.begin(), whole.end());
            changed[at] = with;
            if (const auto manifest = agent::manifest_from({changed.data(), changed.size()})) {
                EXPECT_EQ(agent::manifest_from(to_text(*manifest)), manifest);
            }
        }
}

}  // namespace
