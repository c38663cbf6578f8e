// SPDX-License-Identifier: GPL-2.0-or-later
// kho formats: what each release writes and takes, for people and as a catalogue for programs.
#include "fdt/tool/verbs.h"

#include <algorithm>
#include <array>

#include "fdt/base/internal/text.h"
#include "fdt/formats/catalogue.h"
#include "fdt/formats/releases.h"
#include "fdt/predict/predict.h"
#include "fdt/tool/json.h"

namespace kho::tool {
namespace {

// What a kernel of `reader` does with what one of `writer` hands over, if nothing is wrong with it.
Fate fate_of(const Release &writer, const Release &reader) {
    return predict(smallest_handover(writer), Findings(), reader).fate;
}

std::string joined(const std::vector<std::string> &words) {
    std::string text;
    for (const std::string &word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

std::string takes(const Release &reader) {
    std::vector<std::string> taken;
    for (const Release &writer : releases())
        if (fate_of(writer, reader) == Fate::accepted)
            taken.push_back(writer.name);
    return joined(taken);
}

using Row = std::array<std::string, 10>;

Row row_of(const Release &release) {
    const CatalogueEntry entry = catalogue_entry(release);
    return {release.name,
            std::string(release.kho->compatible),
            entry.map,
            release.kho->has_sizes() ? "yes" : "no",
            std::string(release.luo->compatible),
            entry.root,
            entry.entries,
            release.flbs ? "yes" : "no",
            joined(entry.handlers),
            takes(release)};
}

void print_table(Output &out) {
    std::vector<Row> rows{
        {"RELEASE", "KHO", "MAP", "SIZES", "LUO", "ROOT", "ENTRIES", "FLBS", "HANDLERS", "TAKES"}};
    for (const Release &release : releases()) rows.push_back(row_of(release));
    std::array<std::size_t, std::tuple_size_v<Row>> widths{};
    for (const Row &row : rows)
        for (std::size_t i = 0; i < row.size(); i++) widths[i] = std::max(widths[i], row[i].size());
    for (const Row &row : rows) {
        const bool head = &row == &rows[0];
        for (std::size_t i = 0; i + 1 < row.size(); i++)
            out.left(row[i], widths[i] + 2, i == 0 && !head ? Style::name : Style::plain);
        out << row.back() << '\n';
    }
}

void print_heading(Output &out, std::string_view text) {
    out << '\n';
    out.styled(Style::heading, text) << ":\n";
}

void print_release(Output &out, const Release &release) {
    const CatalogueEntry entry = catalogue_entry(release);
    out.styled(Style::heading, "Linux " + release.name) << '\n';
    out << "  map of preserved memory: " << entry.map << '\n';
    out << "  subtree: properties " << release.kho->address_property;
    if (release.kho->has_sizes())
        out << " and " << release.kho->size_property;
    out << "\n  root of LUO: " << entry.root << (release.flbs ? ", with FLBs" : ", without FLBs") << '\n';
    out << "  sessions and files: " << entry.entries << "\n  handlers: " << joined(entry.handlers) << '\n';
    print_heading(out, "Strings and versions, compared for equality");
    std::size_t width = 0;
    for (const CatalogueMark &mark : entry.marks) width = std::max(width, mark.where.size());
    for (const CatalogueMark &mark : entry.marks) {
        (out << "  ").left(mark.where, width) << "  ";
        out << (mark.text.empty() ? std::to_string(mark.number) : in_quotes(mark.text)) << '\n';
    }
    print_heading(out, "Limits");
    for (const CatalogueLimit &limit : entry.limits)
        (out << "  ").left(limit.what, width) << "  " << limit.most << '\n';
    print_heading(out, "What a kernel of this release does with the handover of another");
    for (const Release &writer : releases())
        (out << "  ").left(writer.name, width) << "  " << name(fate_of(writer, release)) << '\n';
    print_heading(out, "Structures: offset, size, name");
    for (const CatalogueStructure &structure : entry.structures) {
        out << "  ";
        out.styled(Style::name, structure.name)
            << ", " << structure.size << " bytes (" << structure.part << ")\n";
        for (const CatalogueField &field : structure.fields) {
            out << "    ";
            out.decimal(field.offset, 4) << ' ';
            out.decimal(field.size, 6) << "  " << field.name << '\n';
        }
    }
}

void put_release(Json &json, const Release &release) {
    const CatalogueEntry entry = catalogue_entry(release);
    json.object().text("release", release.name);
    json.object_row("kho").text("compatible", release.kho->compatible).text("map", entry.map);
    json.text("address_property", release.kho->address_property);
    if (release.kho->has_sizes())
        json.text("size_property", release.kho->size_property);
    json.boolean("kexec_metadata", release.kho->kexec_metadata).end();
    json.object_row("luo").text("compatible", release.luo->compatible).text("root", entry.root);
    json.text("entries", entry.entries).boolean("flbs", release.flbs).end();
    json.array_row("handlers");
    for (const std::string &handler : entry.handlers) json.text({}, handler);
    json.end().array("marks");
    for (const CatalogueMark &mark : entry.marks) {
        json.object_row().text("where", mark.where);
        if (mark.text.empty())
            json.number("number", mark.number);
        else
            json.text("text", mark.text);
        json.end();
    }
    json.end().object_row("limits");
    for (const CatalogueLimit &limit : entry.limits) json.number(limit.what, limit.most);
    json.end().object_row("takes");
    for (const Release &writer : releases()) json.text(writer.name, name(fate_of(writer, release)));
    json.end().array("structures");
    for (const CatalogueStructure &structure : entry.structures) {
        json.object().text("name", structure.name).text("part", structure.part);
        json.number("size", structure.size).array("fields");
        for (const CatalogueField &field : structure.fields)
            json.object_row()
                .text("name", field.name)
                .number("offset", field.offset)
                .number("size", field.size)
                .end();
        json.end().end();
    }
    json.end().end();
}

}  // namespace

int formats(Command &command) {
    bool json = false;
    command.options.flag("json", 0, json, "print JSON, as kho.schema.json describes it");
    if (const auto over = command.parse(0, 1))
        return *over;
    const Release *chosen = nullptr;
    if (!command.operands().empty()) {
        chosen = find_release(command.operands()[0]);
        if (chosen == nullptr)
            return command.usage(in_quotes(command.operands()[0]) + " is none of " + release_names());
    }
    if (json) {
        Json document(command.out);
        document.object().array("releases");
        for (const Release &release : releases())
            if (chosen == nullptr || chosen == &release)
                put_release(document, release);
        document.end().end();
    } else if (chosen != nullptr) {
        print_release(command.out, *chosen);
    } else {
        print_table(command.out);
    }
    return exit_clean;
}

}  // namespace kho::tool
