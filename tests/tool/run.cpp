// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/tool/run.h"

#include <algorithm>
#include <cstdlib>
#include <regex>
#include <thread>

#include <fcntl.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/temporary_folder.h"

namespace kho::test {
namespace {

Ran spawn(const std::vector<std::string> &arguments, int output) {
    const TemporaryFolder folder;
    const std::string out = folder.file("out");
    const std::string err = folder.file("err");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC;
    if (output < 0)
        posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), flags, 0600);
    else
        posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), flags, 0600);
    std::vector<char *> words;
    words.reserve(arguments.size() + 1);
    for (const std::string &argument : arguments) words.push_back(const_cast<char *>(argument.c_str()));
    words.push_back(nullptr);

    Ran ran;
    pid_t child = -1;
    if (posix_spawnp(&child, words[0], &actions, nullptr, words.data(), environ) == 0) {
        int status = 0;
        waitpid(child, &status, 0);
        ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    posix_spawn_file_actions_destroy(&actions);
    ran.out = TemporaryFolder::contents(out);
    ran.err = TemporaryFolder::contents(err);
    return ran;
}

std::vector<std::string> with_kho(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), kho_path());
    return arguments;
}

}  // namespace

std::string kho_path() {
    const char *path = std::getenv("KHO_TOOL");
    if (path == nullptr)
        std::abort();
    return path;
}

Ran run(const std::vector<std::string> &arguments) { return spawn(arguments, -1); }
Ran kho(std::vector<std::string> arguments) { return run(with_kho(std::move(arguments))); }

Ran kho_into(const std::string &path, std::vector<std::string> arguments) {
    const int output = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    Ran ran = spawn(with_kho(std::move(arguments)), output);
    close(output);
    return ran;
}

Ran kho_into_closed_pipe(std::vector<std::string> arguments) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        std::abort();
    close(ends[0]);
    Ran ran = spawn(with_kho(std::move(arguments)), ends[1]);
    close(ends[1]);
    return ran;
}

Ran kho_on_terminal(unsigned columns, std::vector<std::string> arguments) {
    const int ours = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    char name[64];
    if (ours < 0 || grantpt(ours) != 0 || unlockpt(ours) != 0 || ptsname_r(ours, name, sizeof name) != 0)
        std::abort();
    const int theirs = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    winsize size{};
    size.ws_col = static_cast<unsigned short>(columns);
    ioctl(theirs, TIOCSWINSZ, &size);
    std::string out;
    // Read meanwhile: a terminal holds little. It ends with an error when the last other side is closed.
    std::thread reader([&] {
        char part[4096];
        for (ssize_t got = 0; (got = read(ours, part, sizeof part)) > 0;)
            out.append(part, static_cast<std::size_t>(got));
    });
    Ran ran = spawn(with_kho(std::move(arguments)), theirs);
    close(theirs);
    reader.join();
    close(ours);
    std::erase(out, '\r');
    ran.out = out;
    return ran;
}

std::size_t characters(const std::string &text) {
    const std::string plain = std::regex_replace(text, std::regex("\x1b\\[[0-9;]*m"), "");
    return static_cast<std::size_t>(
        std::count_if(plain.begin(), plain.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace kho::test
