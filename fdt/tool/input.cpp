// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/tool/input.h"

#include "fdt/abi/x86_boot.h"
#include "fdt/base/internal/text.h"

namespace kho::tool {

void InputOptions::declare(Options &options) {
    options.heading("Input");
    options.number("base", 0, base, "ADDRESS", "the file is raw memory and begins at this address");
    options.number("fdt", 0, fdt, "ADDRESS", "the KHO FDT is at this address; nothing is searched");
}

void CheckOptions::declare(Options &options) {
    options.list("only", 0, only, "CHECK", "report this check and no other; may be repeated");
    options.list("not", 0, exclude, "CHECK", "do not report this check; may be repeated");
}

bool CheckOptions::apply(const Command &command, Findings &findings) const {
    const auto unknown = [&command](const std::string &name) {
        std::vector<std::string_view> names;
        for (const CheckInfo &info : checks()) names.emplace_back(info.name);
        const std::string_view near = nearest_word(name, names);
        command.usage("there is no check " + in_quotes(name) +
                      (near.empty() ? "" : "; do you mean " + std::string(near) + "?"));
        return false;
    };
    for (const std::string &name : only)
        if (!findings.only(name))
            return unknown(name);
    for (const std::string &name : exclude)
        if (!findings.exclude(name))
            return unknown(name);
    return true;
}

namespace {

RangeSet ram_of(const Image &image, const Located &located) {
    RangeSet ram = ram_in(located.memory_map);
    // What a dump holds may be more: firmware is memory to QEMU.
    if (ram.empty() && (image.kind() == ImageKind::elf_dump || image.kind() == ImageKind::kdump))
        return image.memory().ranges();
    return ram;
}

}  // namespace

std::vector<CoreMemoryRange> memory_map_of(const Command &command, const Input &input) {
    if (!input.located->memory_map.empty())
        return input.located->memory_map;
    if (input.ram.empty())
        command.warn(input.path, "the machine's RAM is not known: only memory that is in the file is used");
    std::vector<CoreMemoryRange> map;
    for (const Range &range : (input.ram.empty() ? input.image.memory().ranges() : input.ram).ranges())
        map.push_back({value(range.start), range.size, abi::e820_ram, 0});
    return map;
}

std::optional<Image> open_image(const Command &command, const std::string &path,
                                const InputOptions &options) {
    ImageOptions image_options;
    if (options.base)
        image_options.base = PhysAddr{*options.base};
    Result<Image> image = Image::open(path, image_options);
    if (!image) {
        command.fail(path, image.error());
        return std::nullopt;
    }
    for (const std::string &warning : image.value().info().warnings) command.warn(path, warning);
    return std::move(image).value();
}

std::optional<Input> open_input(const Command &command, const std::string &path, const InputOptions &options,
                                Findings &findings) {
    std::optional<Image> image = open_image(command, path, options);
    if (!image)
        return std::nullopt;
    Input input{.path = path, .image = std::move(*image)};
    if (input.blob()) {
        if (options.fdt) {
            command.fail(path, std::string("--fdt is for memory, and this is a ") + input.image.kind_name());
            return std::nullopt;
        }
        input.handover = read_blob(input.image.blob(), findings).handover;
        return input;
    }
    LocateOptions locate_options;
    if (options.fdt)
        locate_options.fdt = PhysAddr{*options.fdt};
    Result<Located> located = locate(input.image, locate_options);
    if (!located) {
        command.fail(path, located.error());
        return std::nullopt;
    }
    input.located = std::move(located).value();
    input.ram = ram_of(input.image, *input.located);
    ReadOptions read_options{.scratch_known = input.located->scratch_known(),
                             .ram = input.ram.empty() ? nullptr : &input.ram};
    input.handover = read_handover(input.image.memory(), input.located->data, findings, read_options);
    return input;
}

}  // namespace kho::tool
