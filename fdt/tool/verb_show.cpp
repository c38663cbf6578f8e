// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/tool/verbs.h"

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
        print_finding(out, "", finding, 2);
        shown++;
    }
    const std::uint64_t rest = findings.errors() + findings.warnings() - shown;
    if (rest != 0)
        out << "  and " << rest << " more: see kho check " << printable(path) << '\n';
}

// Why nothing that was asked for can be shown; "".
std::string missing_of(const Input &input, const Shown &shown) {
    if (!shown.selects())
        return "";
    if (!input.handover.luo || input.blob())
        return "there are no sessions";
    bool session_seen = false;
    for (const LuoSession &session : input.handover.luo->sessions) {
        if (!shown.covers(session))
            continue;
        session_seen = true;
        for (const LuoFile &file : session.files)
            if (shown.covers(file))
                return "";
    }
    if (shown.session && !session_seen)
        return "there is no session " + in_quotes(*shown.session);
    if (!shown.token)
        return "";
    return "there is no file with token " + hex(*shown.token) +
           (shown.session ? " in session " + in_quotes(*shown.session) : "");
}

}  // namespace

bool Shown::covers(const LuoSession &one) const { return !session || is_named(one.name, *session); }

int show(Command &command) {
    bool json = false;
    Shown shown;
    InputOptions options;
    command.options.flag("json", 0, json, "print JSON, as kho.schema.json describes it");
    command.options.flag("summary", 0, shown.summary, "only formats, counts and totals, no lists");
    command.options.value("session", 0, shown.session, "NAME", "only this session and its files");
    command.options.number("token", 0, shown.token, "TOKEN", "only files with this token");
    options.declare(command.options);
    if (const auto over = command.parse(1, 1))
        return *over;
    if (shown.summary && shown.selects())
        return command.usage("--summary lists no sessions: not with --session or --token");
    Findings findings;
    const auto input = open_input(command, command.operands()[0], options, findings);
    if (!input)
        return exit_unusable;
    if (const std::string missing = missing_of(*input, shown); !missing.empty())
        return command.fail(input->path, missing);
    const Summary summary = summarize(input->handover, input->blob().has_value());
    if (json) {
        show_json(command.out, *input, summary, shown, findings);
    } else {
        show_text(command.out, *input, summary, shown, command.verbose());
        if (!command.quiet())
            show_findings(command, input->path, findings);
    }
    return findings.errors() == 0 ? exit_clean : exit_findings;
}

}  // namespace kho::tool
