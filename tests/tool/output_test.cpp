// SPDX-License-Identifier: GPL-2.0-or-later
// Where the command's output goes: closed pipes, narrow terminals, files under wrong names, who may read them.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <sstream>

#include <sys/stat.h>

#include "tests/tool/run.h"
#include "tests/tool/sample.h"

namespace kho::test {
namespace {

class OutputTest : public testing::Test {
protected:
    unsigned mode(const std::string &name) const {
        struct stat status {};
        return ::stat(folder.file(name).c_str(), &status) == 0 ? status.st_mode & 0777 : 0;
    }
    std::size_t files() const {
        return static_cast<std::size_t>(
            std::distance(std::filesystem::directory_iterator(folder.path()), {}));
    }
    const TemporaryFolder folder;
    const std::string core = record_sample(folder, "7.2");
};

// As `kho show FILE | head -1` does it; where SIGPIPE was ignored from the start, a closed pipe is an error.
TEST_F(OutputTest, AClosedPipeEndsItBySigpipe) {
    const std::vector<std::vector<std::string>> commands = {{"--help"},
                                                            {"--version"},
                                                            {"show", "--help"},
                                                            {"show", core},
                                                            {"show", "--json", core},
                                                            {"find", core},
                                                            {"check", "--list"},
                                                            {"check", "--json", core},
                                                            {"map", core},
                                                            {"map", core, "-o", "-"},
                                                            {"diff", core, core, "--json"},
                                                            {"extract", core, "--dts"}};
    for (const std::vector<std::string> &arguments : commands) {
        const Ran closed = kho_into_closed_pipe(arguments);
        EXPECT_EQ(closed.status, 128 + SIGPIPE) << arguments[0];
        EXPECT_EQ(closed.err, "") << arguments[0];
        const auto before = std::signal(SIGPIPE, SIG_IGN);
        const Ran ignored = kho_into_closed_pipe(arguments);
        std::signal(SIGPIPE, before);
        EXPECT_EQ(ignored.status, 2) << arguments[0];
        EXPECT_EQ(ignored.err, "kho: standard output: Broken pipe\n") << arguments[0];
    }
}

TEST_F(OutputTest, ANarrowTerminalGetsLinesThatFit) {
    for (const std::vector<std::string> &arguments : std::vector<std::vector<std::string>>{
             {"show", core}, {"check", "--list"}, {"find", core}, {"map", core}})
        for (const unsigned columns : {60U, 80U, 200U}) {
            const Ran ran = kho_on_terminal(columns, arguments);
            std::istringstream lines(ran.out);
            for (std::string line; std::getline(lines, line);) {
                const bool names_the_file = line.find(core) != std::string::npos;  // as long as it is
                EXPECT_TRUE(names_the_file || characters(line) <= columns) << arguments[0] << ": " << line;
            }
        }
    EXPECT_NE(kho_on_terminal(60, {"show", core}).out.find("(the terminal is too narrow for "),
              std::string::npos);
    // Nothing is lost: what a wide terminal shows is what a pipe gets.
    EXPECT_EQ(kho_on_terminal(400, {"show", "--color=never", core}).out, kho({"show", core}).out);
    EXPECT_EQ(kho_on_terminal(400, {"check", "--list", "--color=never"}).out, kho({"check", "--list"}).out);
}

TEST_F(OutputTest, AFileIsNotWrittenUnderAnotherFormatsName) {
    const std::size_t before = files();
    for (const char *name : {"x.html", "x.PNG", "x.json", "x.txt"}) {
        const Ran ran = kho({"map", core, "-o", folder.file(name)});
        EXPECT_EQ(ran.status, 2) << name;
        EXPECT_NE(ran.err.find("what is written is a file .svg"), std::string::npos) << ran.err;
    }
    for (const std::vector<std::string> &arguments : std::vector<std::vector<std::string>>{
             {"convert", core, "--to=7.2"}, {"extract", core, "--recording"}, {"extract", core, "--dts"}}) {
        std::vector<std::string> named = arguments;
        named.insert(named.end(), {"-o", folder.file("x.html")});
        const Ran ran = kho(named);
        EXPECT_EQ(ran.status, 2) << arguments[0];
        EXPECT_NE(ran.err.find("ends in .html, and what is written is "), std::string::npos) << ran.err;
    }
    EXPECT_EQ(files(), before);
    for (const char *name : {"x.svg", "x.SVG", "picture", "v7.2", ".svg"})
        EXPECT_EQ(kho({"map", core, "-o", folder.file(name)}).status, 0) << name;
}

TEST_F(OutputTest, WhatHoldsMemoryIsItsOwnersAndTheRestFollowsTheUmask) {
    for (const mode_t mask : {022, 027}) {
        const mode_t before = ::umask(mask);
        EXPECT_EQ(kho({"map", core, "-o", folder.file("a.svg")}).status, 0);
        EXPECT_EQ(kho({"extract", core, "--dts", "-o", folder.file("a.dts")}).status, 0);
        EXPECT_EQ(kho({"extract", core, "--recording", "-o", folder.file("a.core")}).status, 0);
        EXPECT_EQ(kho({"extract", core, "--memory=0x1000000+4", "-o", folder.file("a.bin")}).status,
                  kho({"extract", core, "--memory=0x1000000+4", "-o", "-"}).status);
        ::umask(before);
        EXPECT_EQ(mode("a.svg"), 0666U & ~mask);
        EXPECT_EQ(mode("a.dts"), 0666U & ~mask);
        EXPECT_EQ(mode("a.core"), 0600U);
        EXPECT_EQ(mode("a.bin") & 077, 0U);
        for (const char *name : {"a.svg", "a.dts", "a.core"}) std::filesystem::remove(folder.file(name));
    }
    // A file that is replaced keeps its mode.
    TemporaryFolder::write(folder.file("old.core"), "");
    ::chmod(folder.file("old.core").c_str(), 0640);
    EXPECT_EQ(kho({"extract", core, "--recording", "-o", folder.file("old.core")}).status, 0);
    EXPECT_EQ(mode("old.core"), 0640U);
}

}  // namespace
}  // namespace kho::test
