// SPDX-License-Identifier: GPL-2.0-or-later
#include <clocale>
#include <cstdio>
#include <exception>

#include "fdt/file/mapped_file.h"
#include "fdt/tool/command.h"

int main(int argc, char **argv) {
    // Only for how wide the terminal takes a character to be; messages stay English.
    std::setlocale(LC_CTYPE, "");
    kho::tool::hold_sigpipe();
    kho::exit_when_a_file_shrinks("kho");
    try {
        return kho::tool::run_command({argv + 1, argv + argc});
    } catch (const std::bad_alloc &) {
        std::fputs("kho: out of memory\n", stderr);
        return kho::tool::exit_unusable;
    }
}
