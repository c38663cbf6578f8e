// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/tool/command.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "fdt/base/internal/text.h"

namespace kho::tool {
namespace {

constexpr char version_line[] = "kho (kexec-handover) " KHO_VERSION "\n";

void complain(const std::string &text) { std::fputs(("kho: " + text + '\n').c_str(), stderr); }

std::string program_help() {
    std::string text =
        "Usage: kho VERB [OPTION]... FILE...\n"
        "Reads, checks, draws, compares and makes kexec handovers of Linux (KHO, LUO).\n\nVerbs:\n";
    for (const Verb &verb : verbs()) {
        std::string line = std::string("  ") + verb.name;
        line.resize(std::max<std::size_t>(line.size() + 2, 12), ' ');
        text += line + verb.summary + '\n';
    }
    return text +
           "\nFILE is a recording, a QEMU dump (ELF or kdump-compressed), raw memory (--base), or a\n"
           "blob out of debugfs. It is recognized by its content.\n\n"
           "  kho VERB --help   options of a verb\n"
           "  kho --version     version of this program; also -V, kho version\n\n"
           "Exit status: 0 clean, 1 findings or differences, 2 wrong usage or unusable input.\n";
}

bool dies_of_sigpipe = false;

int finish(Output &out, int status) {
    if (const int error = out.finish(); error != 0) {
        if (error == EPIPE && dies_of_sigpipe) {
            std::signal(SIGPIPE, SIG_DFL);
            std::raise(SIGPIPE);
        }
        complain(std::string("standard output: ") + std::strerror(error));
        return exit_unusable;
    }
    return status;
}

int print(std::string_view text) {
    Output out(1);
    out << text;
    return finish(out, exit_clean);
}

}  // namespace

void hold_sigpipe() { dies_of_sigpipe = std::signal(SIGPIPE, SIG_IGN) == SIG_DFL; }

const Verb *find_verb(std::string_view name) {
    const auto found =
        std::find_if(verbs().begin(), verbs().end(), [name](const Verb &verb) { return verb.name == name; });
    return found == verbs().end() ? nullptr : &*found;
}

int run_command(const std::vector<std::string> &arguments) {
    if (arguments.empty()) {
        std::fputs(program_help().c_str(), stderr);
        return exit_unusable;
    }
    const std::string &first = arguments[0];
    const bool help = first == "help";
    if (first == "--help" || first == "-h" || (help && arguments.size() == 1))
        return print(program_help());
    if (first == "--version" || first == "-V" || first == "version")
        return print(version_line);
    const std::string &word = help ? arguments[1] : first;
    const Verb *verb = find_verb(word);
    if (verb == nullptr) {
        std::vector<std::string_view> names;
        for (const Verb &known : verbs()) names.emplace_back(known.name);
        const std::string_view near = nearest_word(word, names);
        const bool option = word.starts_with('-');
        complain((option ? "there is no option " : "there is no verb ") + in_quotes(word) +
                 (near.empty() || option ? "" : "; do you mean " + std::string(near) + "?") +
                 "; see kho --help");
        return exit_unusable;
    }
    std::vector<std::string> rest(arguments.begin() + (help ? 2 : 1), arguments.end());
    if (help)
        rest.insert(rest.begin(), "--help");
    Command command(*verb, std::move(rest));
    return finish(command.out, verb->run(command));
}

std::optional<int> Command::parse(std::size_t least_operands, std::size_t most_operands) {
    bool help = false;
    bool version = false;
    Color color = Color::automatic;
    options.heading("Common options");
    options.each(
        "color", 0, "WHEN", "colours: auto (the default: on a terminal), always, never",
        [&color](const std::string &when) {
            color = when == "always" ? Color::always : when == "never" ? Color::never : Color::automatic;
            return color != Color::automatic || when == "auto" ? "" : "is not auto, always or never";
        });
    options.flag("quiet", 'q', quiet_, "no warnings, and no output where the exit status tells it all");
    options.flag("verbose", 'v', verbose_, "more detail");
    options.flag("help", 'h', help, "print this");
    options.flag("version", 'V', version, "print the version of this program");
    if (const auto wrong = options.parse(operands_))
        return usage(*wrong);
    out.set_color(color);
    if (help) {
        out << "Usage: kho " << verb_.name << " [OPTION]..." << (*verb_.operands == '\0' ? "" : " ")
            << verb_.operands << "\n"
            << verb_.summary << "\n\n"
            << options.help();
        return exit_clean;
    }
    if (version) {
        out << version_line;
        return exit_clean;
    }
    if (operands_.size() < least_operands)
        return usage(std::string("expected ") + verb_.operands +
                     (operands_.empty() ? "" : ", got only " + in_quotes(operands_.back())));
    if (operands_.size() > most_operands)
        return usage("one argument too many: " + in_quotes(operands_[most_operands]));
    return std::nullopt;
}

int Command::usage(std::string_view what) const {
    complain(std::string(verb_.name) + ": " + std::string(what) + "; see kho " + verb_.name + " --help");
    return exit_unusable;
}

int Command::fail(std::string_view file, std::string_view what) const {
    complain(std::string(file) + ": " + std::string(what));
    return exit_unusable;
}

int Command::fail(std::string_view file, const Error &error) const {
    const std::string what = describe(error);
    // Errors of the operating system name the file themselves.
    if (error.code == Errc::io && error.what.starts_with(file))
        complain(error.what);
    else
        fail(file, what);
    return exit_unusable;
}

void Command::warn(std::string_view file, std::string_view what) const {
    if (!quiet_)
        complain(std::string(file) + ": warning: " + std::string(what));
}

std::string describe(const Error &error) {
    if (error.code == Errc::io)
        return error.what;
    std::string text = error.what;
    if (error.address != 0)
        text += ", at " + hex(error.address);
    return text + " (" + std::string(error.kind()) + ')';
}

}  // namespace kho::tool
