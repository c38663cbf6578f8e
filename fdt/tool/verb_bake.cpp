// SPDX-License-Identifier: GPL-2.0-or-later
// kho bake: a handover and a kernel as one file that boots without the device.
#include "fdt/boot/internal/bake_file.h"

#include "fdt/boot/boot_plan.h"
#include "fdt/boot/internal/bake_plan.h"
#include "fdt/file/mapped_file.h"
#include "fdt/tool/bake_program.h"
#include "fdt/tool/format.h"
#include "fdt/tool/input.h"
#include "fdt/tool/target.h"
#include "fdt/tool/verbs.h"

namespace kho::tool {
namespace {

struct Wanted {
    std::optional<std::string> kernel, initrd, append, output;
};

// What is carried. A recording holds nothing else, so all of it counts, also what a malformed handover does
// not lead to; what is missing in it counts as well.
RangeSet carried(const Input &input) {
    const RangeSet named = memory_of(input.handover);
    if (input.image.kind() != ImageKind::recording)
        return named;
    std::vector<Range> ranges(named.ranges().begin(), named.ranges().end());
    const std::span<const Range> recorded = input.image.memory().ranges().ranges();
    ranges.insert(ranges.end(), recorded.begin(), recorded.end());
    return RangeSet(std::move(ranges));
}

void print_plan(Output &out, const BakePlan &plan) {
    out << "loader    " << range_text(plan.loader) << '\n';
    for (const BakePlan::Segment &segment : plan.segments) {
        PhysAddr from = segment.memory.start;
        for (const BakePlan::Part &part : segment.parts) {
            out << (part.bytes.empty() ? "handover  " : "boot      ") << range_text({part.to, part.size});
            if (from != part.to)
                out << "  moved from " << hex(value(from));
            out << '\n';
            from = from + align_up(part.size, page_size);
        }
    }
}

int bake_with(Command &command, const Input &input, const Findings &findings, const Wanted &wanted) {
    const Result<MappedFile> kernel_file = MappedFile::open(*wanted.kernel);
    if (!kernel_file)
        return command.fail(*wanted.kernel, kernel_file.error());
    const Result<BootImage> kernel = parse_kernel(kernel_file.value().bytes());
    if (!kernel)
        return command.fail(*wanted.kernel, kernel.error());
    std::optional<MappedFile> initrd;
    if (wanted.initrd) {
        Result<MappedFile> opened = MappedFile::open(*wanted.initrd);
        if (!opened)
            return command.fail(*wanted.initrd, opened.error());
        initrd.emplace(std::move(opened).value());
    }

    const RangeSet memory = carried(input);
    const RangeSet there = memory.intersect(input.image.memory().ranges());
    if (there.bytes() != memory.bytes())
        return command.fail(
            input.path, size_text(memory.bytes() - there.bytes()) + " of the handover are not in the file");
    const RangeSet scratch(input.handover.scratch);
    // The array of scratch areas may be in scratch: it stays, and the kernel goes beside it.
    const RangeSet room = scratch.minus(memory);
    const Result<BootPlan> boot = plan_boot({.kernel = &kernel.value(),
                                             .initrd = initrd ? initrd->bytes() : Bytes{},
                                             .command_line = wanted.append.value_or(""),
                                             .memory_map = {},
                                             .handover = input.located->data,
                                             .acpi_rsdp = 0,
                                             .scratch = &room});
    if (!boot)
        return command.fail(boot.error().code == Errc::initrd_too_large ? *wanted.initrd : *wanted.kernel,
                            boot.error());
    const RangeSet ram = ram_in(memory_map_of(command, input));
    Result<BakePlan> plan = plan_bake({.boot = &boot.value(),
                                       .handover = &memory,
                                       .scratch = &scratch,
                                       .ram = &ram,
                                       .loader = bake_program()});
    if (!plan)
        return command.fail(input.path, plan.error());
    if (command.verbose())
        print_plan(command.out, plan.value());
    const Result<std::uint64_t> size =
        write_bake(*wanted.output, std::move(plan).value(), input.image.memory());
    if (!size)
        return command.fail(size.error().code == Errc::io ? *wanted.output : input.path, size.error());
    if (findings.errors() == 0)
        return exit_clean;
    command.warn(
        input.path,
        counted(findings.errors(), "error") + " found, which the kernel will find too" +
            (input.image.kind() == ImageKind::recording ? "" : ", and what they hide is not in the file") +
            "; see kho check");
    return exit_findings;
}

}  // namespace

int bake(Command &command) {
    Wanted wanted;
    InputOptions options;
    command.options.value("kernel", 'k', wanted.kernel, "FILE",
                          "the kernel that takes the handover: bzImage or vmlinux");
    command.options.value("initrd", 'i', wanted.initrd, "FILE", "its initrd");
    command.options.value("append", 'a', wanted.append, "TEXT",
                          "its command line: kho=on, and what it was recorded with");
    command.options.value("output", 'o', wanted.output, "FILE", "write the ELF into this file");
    options.declare(command.options);
    if (const auto over = command.parse(1, 1))
        return *over;
    if (!wanted.kernel)
        return command.usage("--kernel FILE is missing");
    if (!wanted.output)
        return command.usage("-o FILE is missing");
    if (const std::string wrong = wrong_ending(*wanted.output, ""); !wrong.empty())
        return command.usage(wrong);
    if (bake_program().empty())
        return command.usage("this kho was built without the loader, which is for x86_64");

    Findings findings;
    const auto input = open_input(command, command.operands()[0], options, findings);
    if (!input)
        return exit_unusable;
    if (input->blob())
        return command.fail(input->path, "this is a blob, bake needs the memory around it");
    if (!input->located->scratch_known())
        return command.fail(input->path, "the scratch areas are not known: nothing in the file names them");
    if (RangeSet(input->handover.scratch).empty())
        return command.fail(input->path, "the scratch areas could not be read; see kho check");
    return bake_with(command, *input, findings, wanted);
}

}  // namespace kho::tool
