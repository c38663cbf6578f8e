// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/tool/show.h"

#include "fdt/tool/format.h"
#include "fdt/tool/show_parts.h"

namespace kho::tool {
namespace {

// More of them than a screen has room for are a matter for kho check.
constexpr std::size_t most_findings = 10;

void show_findings(Command &command, const std::string &path, const Findings &findings) {
    Output &out = command.out;
    if (findings.errors() + findings.warnings() == 0)
        return;
    out << '\n';
    out.styled(findings.errors() != 0 ? Style::error : Style::warning, "Findings: ")
        << counted(findings.errors(), "error") << ", " << counted(findings.warnings(), "warning") << '\n';
    std::size_t shown = 0;
    for (const Finding &finding : findings.list()) {
        if (shown == most_findings && !command.verbose())
            break;
        out << "  ";
        print_finding(out, "", finding);
        shown++;
    }
    const std::uint64_t rest = findings.errors() + findings.warnings() - shown;
    if (rest != 0)
        out << "  and " << rest << " more: see kho check " << printable(path) << '\n';
}

}  // namespace

int show(Command &command) {
    bool json = false;
    InputOptions options;
    command.options.flag("json", 0, json, "print JSON, as kho.schema.json describes it");
    options.declare(command.options);
    if (const auto over = command.parse(1, 1))
        return *over;
    Findings findings;
    const auto input = open_input(command, command.operands()[0], options, findings);
    if (!input)
        return exit_unusable;
    const Summary summary = summarize(input->handover, input->blob.has_value());
    if (json) {
        show_json(command.out, *input, summary, findings);
    } else {
        show_text(command.out, *input, summary, command.verbose());
        if (!command.quiet())
            show_findings(command, input->path, findings);
    }
    return findings.errors() == 0 ? exit_clean : exit_findings;
}

}  // namespace kho::tool
