// SPDX-License-Identifier: GPL-2.0-or-later
// kho convert: the same handover in another release's format.
#include "fdt/tool/verbs.h"

#include "fdt/base/internal/text.h"
#include "fdt/formats/releases.h"
#include "fdt/make/build.h"
#include "fdt/make/convert.h"
#include "fdt/tool/format.h"
#include "fdt/tool/input.h"
#include "fdt/tool/target.h"

namespace kho::tool {
namespace {

const Release *target_of(const Command &command, const std::optional<std::string> &release) {
    if (!release) {
        command.usage("--to RELEASE is missing");
        return nullptr;
    }
    const Release *target = find_release(*release);
    if (target == nullptr)
        command.usage("--to: " + in_quotes(*release) + " is none of " + release_names());
    return target;
}

}  // namespace

int convert(Command &command) {
    std::optional<std::string> release, output;
    bool lossy = false;
    InputOptions options;
    command.options.value("to", 't', release, "RELEASE",
                          "the Linux release whose format is written: 6.19 to 7.3");
    command.options.value("output", 'o', output, "FILE", "write the recording into this file");
    command.options.flag("lossy", 0, lossy, "write it even if something is lost");
    options.declare(command.options);
    if (const auto over = command.parse(1, 1))
        return *over;
    const Release *target = target_of(command, release);
    if (target == nullptr)
        return exit_unusable;
    if (!output)
        return command.usage("-o FILE is missing");
    if (const std::string wrong = wrong_ending(*output, ""); !wrong.empty())
        return command.usage(wrong);

    Findings findings;
    const auto input = open_input(command, command.operands()[0], options, findings);
    if (!input)
        return exit_unusable;
    if (input->blob())
        return command.fail(input->path, "this is a blob, convert needs the memory around it");
    if (const Finding *first = findings.first_error())
        return command.fail(input->path, counted(findings.errors(), "error") + " found, the first is " +
                                             first->message() + "; see kho check");
    if (!input->located->scratch_known())
        return command.fail(input->path, "the scratch areas are not known: nothing in the file names them");

    const std::vector<CoreMemoryRange> map = memory_map_of(command, *input);
    const Result<Conversion> converted = kho::convert(input->handover, input->image.memory(), *target,
                                                      usable_memory(map, input->handover.scratch));
    if (!converted)
        return command.fail(input->path, converted.error());
    const Conversion &result = converted.value();
    if (!command.quiet())
        for (const Loss &loss : result.losses)
            command.out << printable(input->path) << ": lost: " << loss.path << ": " << loss.what << '\n';
    if (!result.losses.empty() && !lossy) {
        command.warn(input->path, counted(result.losses.size(), "thing") +
                                      " would be lost, nothing was written; --lossy writes all the same");
        return exit_findings;
    }
    std::vector<Range> ranges(result.content.ranges().begin(), result.content.ranges().end());
    const RangeSet metadata = result.written.pages.ranges();
    ranges.insert(ranges.end(), metadata.ranges().begin(), metadata.ranges().end());
    const OverlayMemory memory(result.written.pages, input->image.memory());
    const Result<std::uint64_t> size =
        write_recording(*output, {.data = result.written.data, .memory_map = map, .release = target->name},
                        RangeSet(std::move(ranges)), memory);
    if (!size)
        return command.fail(*output, size.error());
    return result.losses.empty() ? exit_clean : exit_findings;
}

}  // namespace kho::tool
