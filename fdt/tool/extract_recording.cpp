// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/file/elf_core.h"
#include "fdt/formats/releases.h"
#include "fdt/tool/extract_parts.h"
#include "fdt/tool/format.h"

namespace kho::tool {

int extract_recording(Command &command, const Input &input, const Findings &findings,
                      const std::string &path) {
    if (!input.located->scratch_known())
        return command.fail(input.path, "the scratch areas are not known: nothing in the file names them");
    const RangeSet wanted = memory_of(input.handover);
    const RangeSet there = wanted.intersect(input.image.memory().ranges());

    CoreHeader header{
        .data = input.located->data, .memory_map = memory_map_of(command, input), .release = {}};
    if (const auto writers = linux_formats().writing(input.handover); !writers.empty())
        header.release = writers.front()->name;
    const Result<std::uint64_t> size = write_recording(path, header, there, input.image.memory());
    if (!size)
        return command.fail(path, size.error());
    if (there.bytes() != wanted.bytes())
        command.warn(input.path, size_text(wanted.bytes() - there.bytes()) + " are not in the file");
    if (findings.errors() != 0)
        command.warn(input.path, counted(findings.errors(), "error") +
                                     " found: what they hide is not in the recording; see kho check");
    return there.bytes() == wanted.bytes() && findings.errors() == 0 ? exit_clean : exit_findings;
}

}  // namespace kho::tool
