// SPDX-License-Identifier: GPL-2.0-or-later
// kho map: physical memory as a picture.
#include "fdt/tool/verbs.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "fdt/tool/format.h"
#include "fdt/tool/input.h"
#include "fdt/tool/summary.h"
#include "fdt/tool/target.h"
#include "fdt/view/picture.h"

namespace kho::tool {
namespace {

unsigned terminal_width(const Output &out) {
    if (out.columns() != 0)
        return static_cast<unsigned>(out.columns());
    const char *columns = std::getenv("COLUMNS");
    const auto number = columns == nullptr ? std::nullopt : parse_number(columns);
    return number && *number > 0 && *number < 10000 ? static_cast<unsigned>(*number) : 80;
}

// What the locale says, in the order in which setlocale() asks.
bool utf8_locale() {
    for (const char *variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const char *locale = std::getenv(variable);
        if (locale == nullptr || *locale == '\0')
            continue;
        std::string name = locale;
        std::transform(name.begin(), name.end(), name.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        return name.find("utf-8") != std::string::npos || name.find("utf8") != std::string::npos;
    }
    return false;
}

MapCaption caption_of(const Input &input) {
    const Handover &handover = input.handover;
    const Summary summary = summarize(handover, false);
    MapCaption caption{.title = printable(input.path)};
    std::string line(compatible(handover.format));
    line += ", as " + releases_text(summary.releases) + " writes it";
    if (handover.luo)
        line += "; live update " + std::to_string(handover.luo->liveupdate_number) + ", " +
                counted(summary.sessions, "session") + ", " + counted(summary.files, "file");
    caption.lines.push_back(std::move(line));
    if (input.ram.empty())
        caption.lines.emplace_back("RAM: not known, the file does not say what memory the machine has");
    else
        caption.lines.push_back("RAM: " + size_text(input.ram.bytes()) +
                                (input.image.kind() == ImageKind::recording
                                     ? ", by the recording's memory map"
                                 : !input.located->memory_map.empty() ? ", by the memory map in boot_params"
                                                                      : ", all that is in the dump"));
    return caption;
}

}  // namespace

int map(Command &command) {
    std::optional<std::string> output;
    std::optional<std::uint64_t> width;
    bool ascii = false, list = false;
    InputOptions options;
    command.options.value("output", 'o', output, "SVG", "draw as SVG into this file; - is standard output");
    command.options.number("width", 0, width, "COLUMNS",
                           "of the terminal form; default: the terminal's, or 80");
    command.options.flag("ascii", 0, ascii, "no shades and lines in the terminal form");
    command.options.flag("list", 0, list, "list every stretch of memory, too");
    options.declare(command.options);
    if (const auto over = command.parse(1, 1))
        return *over;
    if (output && (width || ascii || list))
        return command.usage("--width, --ascii and --list are for the terminal form, --output is for SVG");
    if (const std::string wrong = output ? wrong_ending(*output, ".svg") : ""; !wrong.empty())
        return command.usage(wrong);
    Findings findings;
    const auto input = open_input(command, command.operands()[0], options, findings);
    if (!input)
        return exit_unusable;
    if (input->blob())
        return command.fail(input->path, std::string("this is a ") + input->image.kind_name() +
                                             " without the memory around it, map draws memory");
    if (findings.errors() != 0)
        command.warn(input->path, counted(findings.errors(), "error") +
                                      " found, what is wrong is not drawn; see kho check");

    const PageMap pages(input->handover, input->ram.empty() ? nullptr : &input->ram);
    const MapCaption caption = caption_of(*input);
    if (output) {
        const std::string svg = map_svg(pages, caption);
        const auto fill = [&svg](Target &target) { return target.write(std::as_bytes(std::span(svg))); };
        const int status = write_target(command, input->path, *output, fill, Holds::description);
        if (status != exit_clean)
            return status;
    } else {
        command.out << map_text(pages, caption,
                                {.width = static_cast<unsigned>(std::min<std::uint64_t>(
                                     width.value_or(terminal_width(command.out)), 10000)),
                                 .color = command.out.colored(),
                                 .utf8 = !ascii && utf8_locale(),
                                 .detail = list});
    }
    return findings.errors() == 0 ? exit_clean : exit_findings;
}

}  // namespace kho::tool
