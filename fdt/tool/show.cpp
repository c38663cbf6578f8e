// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/tool/show.h"

#include "fdt/tool/input.h"

namespace kho::tool {

int show(Command &command) {
    InputOptions options;
    CheckOptions selection;
    options.declare(command.options);
    if (const auto over = command.parse(1, 1))
        return *over;
    Findings findings;
    const auto input = open_input(command, command.operands()[0], options, findings);
    if (!input)
        return exit_unusable;
    command.out << compatible(input->handover.format) << '\n';
    return findings.errors() == 0 ? exit_clean : exit_findings;
}

}  // namespace kho::tool
