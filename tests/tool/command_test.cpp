// SPDX-License-Identifier: GPL-2.0-or-later
// kho as a user types it: what every verb has in common.
#include <gtest/gtest.h>

#include <regex>

#include "fdt/tool/command.h"
#include "tests/tool/run.h"
#include "tests/tool/sample.h"

namespace kho::test {
namespace {

std::vector<std::string> verb_names() {
    std::vector<std::string> names;
    for (const tool::Verb &verb : tool::verbs()) names.emplace_back(verb.name);
    return names;
}

TEST(Command, ListsEveryVerb) {
    const Ran ran = kho({"--help"});
    EXPECT_EQ(ran.status, 0);
    EXPECT_EQ(ran.err, "");
    for (const tool::Verb &verb : tool::verbs()) {
        EXPECT_NE(ran.out.find("\n  " + std::string(verb.name) + " "), std::string::npos) << verb.name;
        EXPECT_NE(ran.out.find(verb.summary), std::string::npos) << verb.name;
    }
    EXPECT_EQ(kho({"help"}).out, ran.out);
    EXPECT_EQ(kho({"-h"}).out, ran.out);
}

TEST(Command, WithoutAVerbSaysHowToUseIt) {
    const Ran ran = kho({});
    EXPECT_EQ(ran.status, 2);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(ran.err, kho({"--help"}).out);
}

TEST(Command, TellsItsVersion) {
    const Ran ran = kho({"--version"});
    EXPECT_EQ(ran.status, 0);
    EXPECT_TRUE(std::regex_match(ran.out, std::regex("kho \\(kexec-handover\\) [0-9.]+\n"))) << ran.out;
    for (const std::vector<std::string> &arguments :
         std::vector<std::vector<std::string>>{{"-V"}, {"version"}, {"show", "--version"}, {"check", "-V"}})
        EXPECT_EQ(kho(arguments).out, ran.out);
}

TEST(Command, HelpsWithEachVerbInLinesThatFitATerminal) {
    for (const std::string &verb : verb_names()) {
        const Ran ran = kho({verb, "--help"});
        EXPECT_EQ(ran.status, 0) << verb;
        EXPECT_EQ(ran.err, "") << verb;
        EXPECT_TRUE(ran.out.starts_with("Usage: kho " + verb + " ")) << ran.out;
        EXPECT_EQ(kho({"help", verb}).out, ran.out);
        EXPECT_EQ(kho({verb, "-h"}).out, ran.out);
        std::istringstream lines(ran.out);
        for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 80u) << line;
        for (const char *option : {"--color=WHEN", "-q, --quiet", "-v, --verbose", "-h, --help", "--version"})
            EXPECT_NE(ran.out.find(option), std::string::npos) << verb << " " << option;
    }
}

struct Wrong {
    std::vector<std::string> arguments;
    std::string says;
};

TEST(Command, RefusesWrongUsageWithAHint) {
    const Wrong cases[] = {
        {{"shwo"}, "kho: there is no verb \"shwo\"; do you mean show?; see kho --help\n"},
        {{"xyzzy"}, "kho: there is no verb \"xyzzy\"; see kho --help\n"},
        {{"\x1b[2J"}, "kho: there is no verb \"\\x1b[2J\"; see kho --help\n"},
        {{"ab"}, "kho: there is no verb \"ab\"; see kho --help\n"},
        {{"chekc"}, "kho: there is no verb \"chekc\"; do you mean check?; see kho --help\n"},
        {{"check", "--session", "a"}, "kho: check: there is no option --session; see kho check --help\n"},
        {{"check", "--only=kho", "a"},
         "kho: check: there is no check \"kho\"; do you mean kho-fdt-address?; see kho check --help\n"},
        {{"--frob"}, "kho: there is no option \"--frob\"; see kho --help\n"},
        {{"show"}, "kho: show: expected FILE; see kho show --help\n"},
        {{"show", "a", "b"}, "kho: show: one argument too many: \"b\"; see kho show --help\n"},
        {{"show", "--jsn", "a"},
         "kho: show: there is no option --jsn; do you mean --json?; see kho show --help\n"},
        {{"show", "--json=yes", "a"}, "kho: show: --json takes no value; see kho show --help\n"},
        {{"show", "-x", "a"}, "kho: show: there is no option -x; see kho show --help\n"},
        {{"show", "--color=blue", "a"},
         "kho: show: --color: 'blue' is not auto, always or never; see kho show --help\n"},
        {{"show", "--base=1x", "a"},
         "kho: show: --base: '1x' is not a number (4096, 0x1000, 4K); see kho show --help\n"},
        {{"show", "--fdt=0x10000000000000000", "a"},
         "kho: show: --fdt: '0x10000000000000000' is not a number (4096, 0x1000, 4K); see kho show "
         "--help\n"},
        {{"check"}, "kho: check: expected FILE; see kho check --help\n"},
        {{"check", "--list", "a"}, "kho: check: --list takes no file; see kho check --help\n"},
        {{"check", "--only=kho-compatble", "a"},
         "kho: check: there is no check \"kho-compatble\"; do you mean kho-compatible?; see kho check "
         "--help\n"},
        {{"check", "--not=*", "a"}, "kho: check: there is no check \"*\"; see kho check --help\n"},
    };
    for (const Wrong &wrong : cases) {
        const Ran ran = kho(wrong.arguments);
        EXPECT_EQ(ran.status, 2) << wrong.says;
        EXPECT_EQ(ran.out, "") << wrong.says;
        EXPECT_EQ(ran.err, wrong.says);
    }
}

TEST(Command, NamesFileAndReasonWhereItCannotRead) {
    const TemporaryFolder folder;
    const std::string text = folder.file("text");
    TemporaryFolder::write(text, "not a handover at all");
    const std::string empty = folder.file("empty");
    TemporaryFolder::write(empty, "");
    for (const char *verb : {"show", "check", "find"}) {
        for (const std::string &path : {std::string("/nonexistent"), folder.path(), text, empty}) {
            const Ran ran = kho({verb, path});
            EXPECT_EQ(ran.status, 2) << verb << ' ' << path;
            EXPECT_EQ(ran.out, "") << verb << ' ' << path;
            EXPECT_TRUE(ran.err.starts_with("kho: " + path + ": ")) << ran.err;
            EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
        }
    }
    EXPECT_EQ(kho({"show", "/nonexistent"}).err, "kho: /nonexistent: No such file or directory\n");
    EXPECT_EQ(kho({"show", "--", "-x"}).err, "kho: -x: No such file or directory\n");
}

TEST(Command, SaysSoWhenItsOutputIsLost) {
    const TemporaryFolder folder;
    const std::string path = record_sample(folder, "7.2");
    const std::vector<std::vector<std::string>> commands = {{"--help"},
                                                            {"--version"},
                                                            {"show", "--help"},
                                                            {"show", path},
                                                            {"show", "--json", path},
                                                            {"find", path},
                                                            {"check", "--list"},
                                                            {"check", "--json", path}};
    for (const std::vector<std::string> &arguments : commands) {
        const Ran full = kho_into("/dev/full", arguments);
        EXPECT_EQ(full.status, 2) << arguments.back();
        EXPECT_EQ(full.err, "kho: standard output: No space left on device\n") << arguments.back();
    }
}

TEST(Command, ColoursOnlyWhereAsked) {
    const TemporaryFolder folder;
    const std::string path = record_sample(folder, "7.2");
    const std::string plain = kho({"show", path}).out;
    EXPECT_EQ(plain.find('\x1b'), std::string::npos);
    EXPECT_EQ(kho({"show", "--color=auto", path}).out, plain);
    EXPECT_EQ(kho({"show", "--color=never", path}).out, plain);
    const std::string colored = kho({"show", "--color=always", path}).out;
    EXPECT_NE(colored.find("\x1b[1m"), std::string::npos);
    EXPECT_EQ(std::regex_replace(colored, std::regex("\x1b\\[[0-9;]*m"), ""), plain);
}

}  // namespace
}  // namespace kho::test
