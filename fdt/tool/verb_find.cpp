// SPDX-License-Identifier: GPL-2.0-or-later
// kho find: everything in memory that is, or looks like, part of a handover.
#include "fdt/search/find.h"

#include <algorithm>

#include "fdt/tool/format.h"
#include "fdt/tool/input.h"
#include "fdt/tool/json.h"
#include "fdt/tool/verbs.h"

namespace kho::tool {
namespace {

void print_json(Output &out, const std::string &path, const Image &image, const FindResult &result) {
    Json json(out);
    json.object().foreign("file", path).text("format", image.info().format);
    json.number("bytes", result.bytes).boolean("truncated", result.truncated).array("found");
    for (const Found &found : result.found) {
        json.object_row().hex("address", found.address).text("kind", found.kind_name());
        json.text("certainty", name(found.certainty));
        if (!found.compatible.empty())
            json.foreign("compatible", found.compatible);
        json.foreign("why", found.why);
        if (found.data) {
            json.object_row("kho_data")
                .hex("fdt_addr", found.data->fdt_addr)
                .number("fdt_size", found.data->fdt_size);
            json.hex("scratch_addr", found.data->scratch_addr)
                .number("scratch_size", found.data->scratch_size)
                .end();
        }
        if (found.map)
            json.object_row("map")
                .number("preserved_bytes", found.map->bytes)
                .number("preserved_blocks", found.map->blocks)
                .number("errors", found.map->errors)
                .end();
        json.end();
    }
    json.end().end();
}

Style style_of(Certainty certainty) {
    return certainty == Certainty::certain  ? Style::good
           : certainty == Certainty::likely ? Style::plain
                                            : Style::dim;
}

std::string map_text(const FoundMap &map) {
    if (map.errors != 0 && map.blocks == 0)
        return "its map cannot be read";
    return "preserves " + size_text(map.bytes) + (map.errors == 0 ? "" : " as far as its map can be read");
}

void print_text(Output &out, const FindResult &result) {
    std::size_t widths[3] = {};
    for (const Found &found : result.found) {
        const std::size_t sizes[] = {hex(value(found.address)).size(),
                                     std::string_view(found.kind_name()).size(),
                                     printable(found.compatible).size()};
        for (std::size_t i = 0; i < 3; i++) widths[i] = std::max(widths[i], sizes[i]);
    }
    for (const Found &found : result.found) {
        out.right(hex(value(found.address)), widths[0], Style::address) << "  ";
        out.left(name(found.certainty), 8, style_of(found.certainty)) << "  ";
        out.left(found.kind_name(), widths[1]) << "  ";
        out.left(printable(found.compatible), widths[2], Style::name) << "  ";
        const std::string why = found.why + (found.map ? "; " + map_text(*found.map) : "");
        out.prose(why, widths[0] + widths[1] + widths[2] + 8 + 4 * 2) << '\n';
    }
}

// What a recording says of itself points at its KHO FDT, but is not memory that was searched.
void trust_note(const Image &image, FindResult &result) {
    if (!image.info().recording)
        return;
    const std::uint64_t fdt = image.info().recording->data.fdt_addr;
    for (Found &found : result.found)
        if (found.is_kho_fdt() && found.certainty == Certainty::likely && value(found.address) == fdt) {
            found.certainty = Certainty::certain;
            found.why = "from the recording's note";
        }
    std::stable_sort(result.found.begin(), result.found.end(), [](const Found &a, const Found &b) {
        return a.certainty != b.certainty ? a.certainty > b.certainty : a.address < b.address;
    });
}

}  // namespace

int find(Command &command) {
    bool json = false;
    InputOptions input;
    command.options.flag("json", 0, json, "print JSON");
    command.options.heading("Input");
    command.options.number("base", 0, input.base, "ADDRESS",
                           "the file is raw memory and begins at this address");
    if (const auto over = command.parse(1, 1))
        return *over;
    const std::string &path = command.operands()[0];
    const std::optional<Image> image = open_image(command, path, input);
    if (!image)
        return exit_unusable;
    if (image->blob_kind())
        return command.fail(path, std::string("this is a ") + image->kind_name() + ", find searches memory");
    FindResult result = kho::find(image->memory(), {.maps = true});
    trust_note(*image, result);
    if (json)
        print_json(command.out, path, *image, result);
    else
        print_text(command.out, result);
    if (result.truncated)
        command.warn(path, "too much looks like a handover: the list ends after " +
                               counted(result.found.size(), "entry"));
    if (command.verbose())
        command.warn(path, size_text(result.bytes) + " searched");
    if (result.found.empty())
        command.warn(path, "no part of a handover in " + size_text(result.bytes) + " of memory");
    return result.found.empty() ? exit_findings : exit_clean;
}

}  // namespace kho::tool
