// SPDX-License-Identifier: GPL-2.0-or-later
// kho diff: two handovers compared by what they say.
#include "fdt/view/diff.h"

#include "fdt/tool/format.h"
#include "fdt/tool/input.h"
#include "fdt/tool/json.h"
#include "fdt/tool/verbs.h"

namespace kho::tool {
namespace {

std::string content_text(const ContentDifference &content) {
    std::string text = counted(content.bytes, "byte") + " of " + std::to_string(content.compared) +
                       " differ" + (content.bytes == 1 ? "s" : "") + ", the first at " + hex(content.first);
    if (content.range_count == 1)
        return text + ", all before " + hex(content.ranges[0].offset + content.ranges[0].size);
    return text + ", in " + counted(content.range_count, "stretch") + (content.range_count > 1 ? ":" : "");
}

void print_ranges(Output &out, const ContentDifference &content) {
    for (const FileRange &range : content.ranges)
        out << "        " << hex(range.offset) << '-' << hex(range.offset + range.size - 1) << '\n';
    if (content.range_count > content.ranges.size())
        out << "        and " << content.range_count - content.ranges.size() << " more\n";
}

void print_difference(Output &out, const Difference &difference) {
    const Style style = difference.form                           ? Style::dim
                        : difference.kind == DiffKind::removed    ? Style::error
                        : difference.kind == DiffKind::added      ? Style::good
                        : difference.kind == DiffKind::unreadable ? Style::warning
                                                                  : Style::plain;
    const char mark = difference.kind == DiffKind::removed      ? '-'
                      : difference.kind == DiffKind::added      ? '+'
                      : difference.kind == DiffKind::unreadable ? '?'
                                                                : '~';
    std::string line = std::string(1, mark) + ' ' + difference.path;
    if (!difference.what.empty())
        line += ": " + difference.what;
    switch (difference.kind) {
        case DiffKind::removed:
        case DiffKind::added:
            line += " (" + (difference.kind == DiffKind::removed ? difference.a : difference.b) + ')';
            break;
        case DiffKind::unreadable:
            line += difference.a.empty() ? " cannot be read in the second: " + difference.b
                                         : " cannot be read in the first: " + difference.a;
            break;
        case DiffKind::changed:
            line += difference.content ? ": " + content_text(*difference.content)
                                       : ": " + difference.a + " -> " + difference.b;
            break;
    }
    out.styled(style, line) << '\n';
    if (difference.content && difference.content->range_count > 1)
        print_ranges(out, *difference.content);
}

void print_json(Output &out, const Input &a, const Input &b, const DiffResult &result, bool same) {
    Json json(out);
    json.object().foreign("a", a.path).foreign("b", b.path).boolean("same", same);
    json.number("meaning", result.meaning).number("form", result.form);
    json.number("unreadable", result.unreadable).number("dropped", result.dropped);
    json.number("compared_bytes", result.compared_bytes).array("differences");
    for (const Difference &difference : result.list) {
        json.object_row().text("kind", name(difference.kind)).boolean("form", difference.form);
        json.text("path", difference.path).text("what", difference.what);
        if (!difference.a.empty())
            json.text("a", difference.a);
        if (!difference.b.empty())
            json.text("b", difference.b);
        if (const auto &content = difference.content) {
            json.object_row("content").number("first", content->first).number("bytes", content->bytes);
            json.number("compared", content->compared).number("range_count", content->range_count);
            json.array_row("ranges");
            for (const FileRange &range : content->ranges)
                json.object_row().number("offset", range.offset).number("size", range.size).end();
            json.end().end();
        }
        json.end();
    }
    json.end().end();
}

}  // namespace

int diff(Command &command) {
    bool json = false, strict = false, no_content = false;
    InputOptions options;
    command.options.flag("json", 0, json, "print JSON");
    command.options.flag("strict", 0, strict, "places, formats and the like count as differences, too");
    command.options.flag("no-content", 0, no_content, "do not compare the bytes of files and reservations");
    options.declare(command.options);
    if (const auto over = command.parse(2, 2))
        return *over;
    Findings findings_a, findings_b;
    const auto a = open_input(command, command.operands()[0], options, findings_a);
    const auto b = open_input(command, command.operands()[1], options, findings_b);
    if (!a || !b)
        return exit_unusable;
    for (const auto &[input, findings] : {std::pair(&*a, &findings_a), std::pair(&*b, &findings_b)})
        if (findings->errors() != 0)
            command.warn(input->path, counted(findings->errors(), "error") +
                                          " found, what is wrong is not compared; see kho check");

    // A blob has no memory behind it: what it points at is not compared.
    const DiffOptions diff_options{.content = !no_content && !a->blob() && !b->blob()};
    const DiffResult result =
        kho::diff({a->handover, a->image.memory()}, {b->handover, b->image.memory()}, diff_options);
    const bool differ = result.meaning != 0 || (strict && result.form != 0);
    const bool certain = result.unreadable == 0 && findings_a.errors() == 0 && findings_b.errors() == 0;
    if (json) {
        print_json(command.out, *a, *b, result, !differ && certain);
    } else if (!command.quiet()) {
        for (const Difference &difference : result.list)
            if (!difference.form || strict || command.verbose())
                print_difference(command.out, difference);
        if (result.dropped != 0)
            command.out << "and " << result.dropped << " more\n";
        if (command.verbose())
            command.out << counted(result.meaning, "difference") << ", " << result.form
                        << " in place and form only; " << size_text(result.compared_bytes)
                        << " of content compared\n";
    }
    if (differ)
        return exit_findings;
    if (certain)
        return exit_clean;
    return command.fail(a->path, "no difference seen to " + printable(b->path) +
                                     ", but not all of both could be read: cannot tell");
}

}  // namespace kho::tool
