// SPDX-License-Identifier: GPL-2.0-or-later
// A verb of the command, and what each of them gets: its arguments, options, standard output, and a voice.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fdt/base/error.h"
#include "fdt/tool/options.h"
#include "fdt/tool/output.h"

namespace kho::tool {

enum Exit : int {
    exit_clean = 0,
    exit_findings = 1,  // check: it fires; diff: they differ
    exit_unusable = 2,  // wrong usage, input that cannot be read, output that cannot be written
};

class Command;

struct Verb {
    const char *name;
    const char *operands;  // "FILE", "A B"; as in --help
    const char *summary;   // one line, as in the list of verbs
    int (*run)(Command &command);
};

// In the order in which --help lists them.
std::span<const Verb> verbs();
// nullptr if there is none.
const Verb *find_verb(std::string_view name);

// Until the command ends, SIGPIPE does not: files that are half written are removed first. A command whose output went into a
// closed pipe then dies of SIGPIPE, as other programs do; where that was ignored from the start, a closed pipe is an error
// like a full disk. Call before run_command().
void hold_sigpipe();

// Exit status of `kho arguments...`.
int run_command(const std::vector<std::string> &arguments);

// A verb declares its options, calls parse(), does its work and returns an Exit:
//
//   int show(Command &command) {
//       bool json = false;
//       command.options.flag("json", 0, json, "print JSON");
//       if (auto over = command.parse(1, 1))
//           return *over;
//       ... command.operands() ... command.out ...
class Command {
public:
    Command(const Verb &verb, std::vector<std::string> arguments)
        : out(1), verb_(verb), operands_(std::move(arguments)) {}

    // Adds the options that every verb has, and parses. The exit status if there is nothing left to do: help
    // or the version was printed, or the usage is wrong (said so on standard error).
    std::optional<int> parse(std::size_t least_operands, std::size_t most_operands);
    const std::vector<std::string> &operands() const { return operands_; }

    // Wrong use of the options, as a sentence without its end: printed with a hint. Returns exit_unusable.
    int usage(std::string_view what) const;
    // "kho: FILE: what" on standard error. Returns exit_unusable.
    int fail(std::string_view file, std::string_view what) const;
    int fail(std::string_view file, const Error &error) const;
    // The same for what does not end the command; silent with --quiet.
    void warn(std::string_view file, std::string_view what) const;

    bool quiet() const { return quiet_; }
    bool verbose() const { return verbose_; }

    Options options;
    Output out;

private:
    const Verb &verb_;
    std::vector<std::string> operands_;
    bool quiet_ = false;
    bool verbose_ = false;
};

// An error as it appears behind a file's name: "what, at 0x1234 (core_format)".
std::string describe(const Error &error);

}  // namespace kho::tool
