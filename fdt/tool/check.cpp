// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/tool/check.h"

#include "fdt/tool/input.h"

namespace kho::tool {

int check(Command &command) {
    InputOptions options;
    CheckOptions selection;
    selection.declare(command.options);
    options.declare(command.options);
    if (const auto over = command.parse(1, SIZE_MAX))
        return *over;
    int status = exit_clean;
    for (const std::string &path : command.operands()) {
        Findings findings;
        if (!selection.apply(command, findings))
            return exit_unusable;
        const auto input = open_input(command, path, options, findings);
        if (!input) {
            status = exit_unusable;
            continue;
        }
        for (const Finding &finding : findings.list())
            command.out << path << ": " << finding.message() << '\n';
        if (findings.errors() + findings.warnings() != 0 && status == exit_clean)
            status = exit_findings;
    }
    return status;
}

}  // namespace kho::tool
