// SPDX-License-Identifier: GPL-2.0-or-later
// Runs the command as a shell would.
#pragma once

#include <string>
#include <vector>

namespace kho::test {

struct Ran {
    int status = -1;  // 128 + signal if one ended it
    std::string out;
    std::string err;
};

Ran run(const std::vector<std::string> &arguments);
// kho, with these arguments behind it.
Ran kho(std::vector<std::string> arguments);
// Its standard output goes elsewhere, so `out` stays empty.
Ran kho_into(const std::string &path, std::vector<std::string> arguments);
Ran kho_into_closed_pipe(std::vector<std::string> arguments);

// On a terminal of so many columns; `out` is what it was sent, with the terminal's line ends made plain.
Ran kho_on_terminal(unsigned columns, std::vector<std::string> arguments);
// Of UTF-8 text, colours not counted.
std::size_t characters(const std::string &text);

// Path of the command, from the environment that Meson sets.
std::string kho_path();

}  // namespace kho::test
