// SPDX-License-Identifier: GPL-2.0-or-later
// kho check: the table of checks over handovers, and which kernels would take them.
#include "fdt/tool/verbs.h"

#include <algorithm>

#include "fdt/formats/releases.h"
#include "fdt/predict/predict.h"
#include "fdt/tool/format.h"
#include "fdt/tool/show_parts.h"

namespace kho::tool {
namespace {

struct Verdict {
    const Release *release;
    Prediction prediction;
};

struct Checked {
    std::string path;
    Findings findings;
    std::vector<Verdict> verdicts{};
};

int list_checks(Output &out) {
    std::size_t width = 0;
    for (const CheckInfo &info : checks()) width = std::max(width, std::string_view(info.name).size());
    for (const CheckInfo &info : checks()) {
        const bool error = info.severity == Severity::error;
        out.left(info.name, width, Style::name) << "  ";
        out.left(name(info.severity), 7, error ? Style::error : Style::warning) << "  ";
        out.left(info.kernel_checks ? "kernel too" : "", 10) << "  ";
        out.prose(info.description, width + 7 + 10 + 3 * 2) << '\n';
    }
    return exit_clean;
}

int list_checks_json(Output &out) {
    Json json(out);
    json.object().array("checks");
    for (const CheckInfo &info : checks()) {
        json.object().text("check", info.name).text("severity", name(info.severity));
        json.number("group", info.group).boolean("kernel_checks", info.kernel_checks);
        json.text("description", info.description).array_row("after");
        for (const CheckInfo *before : info.after) json.text({}, before->name);
        json.end().end();
    }
    json.end().end();
    return exit_clean;
}

// Nothing: a release is unknown (said so).
std::optional<std::vector<const Release *>> chosen(const Command &command,
                                                   const std::vector<std::string> &names) {
    std::vector<const Release *> result;
    for (const std::string &name : names) {
        if (name == "all") {
            for (const Release &release : releases()) result.push_back(&release);
            continue;
        }
        const Release *release = find_release(name);
        if (release == nullptr) {
            command.usage("--for: " + in_quotes(name) + " is none of " + release_names() + ", all");
            return std::nullopt;
        }
        result.push_back(release);
    }
    // A release that is named twice, or besides "all", is asked once.
    std::vector<const Release *> unique;
    for (const Release *release : result)
        if (std::find(unique.begin(), unique.end(), release) == unique.end())
            unique.push_back(release);
    return unique;
}

void print_text(Command &command, const Checked &checked) {
    Output &out = command.out;
    for (const Finding &finding : checked.findings.list()) print_finding(out, checked.path, finding);
    if (checked.findings.dropped() != 0)
        out << printable(checked.path) << ": and " << counted(checked.findings.dropped(), "finding")
            << " more, which are not listed\n";
    if (command.verbose() && checked.findings.list().empty())
        out << printable(checked.path) << ": no findings\n";
    for (const auto &[release, prediction] : checked.verdicts) {
        const bool accepted = prediction.fate == Fate::accepted;
        out << printable(checked.path) << ": Linux " << release->name << ": ";
        out.styled(accepted ? Style::good : Style::error, name(prediction.fate));
        if (!prediction.reason.empty())
            out << ": " << prediction.reason;
        out << '\n';
        for (const PredictedLoss &loss : prediction.losses)
            out << printable(checked.path) << ": Linux " << release->name << ": but " << loss.text << '\n';
    }
}

void put_json(Json &json, const Checked &checked) {
    json.object().foreign("file", checked.path);
    put_findings(json, checked.findings);
    if (!checked.verdicts.empty()) {
        json.array("for");
        for (const auto &[release, prediction] : checked.verdicts) {
            json.object().text("release", release->name).text("fate", name(prediction.fate));
            json.foreign("reason", prediction.reason).array("losses");
            for (const PredictedLoss &loss : prediction.losses) json.foreign({}, loss.text);
            json.end().end();
        }
        json.end();
    }
    json.end();
}

int status_of(const Checked &checked) {
    const bool taken =
        std::all_of(checked.verdicts.begin(), checked.verdicts.end(),
                    [](const Verdict &verdict) { return verdict.prediction.fate == Fate::accepted; });
    return taken && checked.findings.errors() + checked.findings.warnings() == 0 ? exit_clean : exit_findings;
}

}  // namespace

void print_finding(Output &out, const std::string &path, const Finding &finding, std::size_t indent) {
    const bool error = finding.severity() == Severity::error;
    if (!path.empty()) {
        const std::string file = printable(path) + ": ";
        out << file;
        indent += file.size();
    }
    const std::string_view severity = name(finding.severity());
    out.styled(error ? Style::error : Style::warning, severity) << ": ";
    out.prose(finding.message(), indent + severity.size() + 2) << '\n';
}

int check(Command &command) {
    bool list = false;
    bool json = false;
    std::vector<std::string> names;
    InputOptions options;
    CheckOptions selection;
    selection.declare(command.options);
    command.options.flag("list", 'l', list,
                         "list all checks, whether kernels check it too, and what is wrong");
    command.options.list(
        "for", 0, names, "RELEASE",
        "would this kernel take it, and if not, how does it fail? 6.19, 7.0, 7.1, 7.2, 7.3 or all; "
        "may be repeated");
    command.options.flag("json", 0, json, "print JSON, as kho.schema.json describes it");
    options.declare(command.options);
    if (const auto over = command.parse(0, SIZE_MAX))
        return *over;
    if (list != command.operands().empty())
        return command.usage(list ? "--list takes no file" : "expected FILE");
    Findings empty;
    if (!selection.apply(command, empty))
        return exit_unusable;
    const auto asked = chosen(command, names);
    if (!asked)
        return exit_unusable;
    if (list)
        return json ? list_checks_json(command.out) : list_checks(command.out);

    Json document(command.out);
    if (json)
        document.object().array("files");
    int status = exit_clean;
    for (const std::string &path : command.operands()) {
        Checked checked{path, empty};
        const auto input = open_input(command, path, options, checked.findings);
        if (!input) {
            status = exit_unusable;
            continue;
        }
        if (input->blob() && !asked->empty()) {
            status = command.fail(path, "--for needs a whole handover, and this is a blob");
            continue;
        }
        for (const Release *release : *asked)
            checked.verdicts.push_back({release, predict(input->handover, checked.findings, *release)});
        if (json)
            put_json(document, checked);
        else if (!command.quiet())
            print_text(command, checked);
        status = std::max(status, status_of(checked));
    }
    if (json)
        document.end().end();
    return status;
}

}  // namespace kho::tool
