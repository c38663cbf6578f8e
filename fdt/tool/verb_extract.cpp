// SPDX-License-Identifier: GPL-2.0-or-later
// kho extract: pieces of a handover as files.
#include "fdt/tool/verbs.h"

#include <algorithm>
#include <array>

#include "fdt/base/dts.h"
#include "fdt/base/internal/fdt_page.h"
#include "fdt/tool/extract_parts.h"
#include "fdt/tool/format.h"
#include "fdt/tool/target.h"

namespace kho::tool {
namespace {

struct Wanted {
    std::optional<std::string> session, subtree, memory, all, output;
    std::optional<std::uint64_t> token;
    bool dts = false, exact = false, recording = false;
};

// "0x1000-0x1fff", both ends included, or "0x1000+4K".
std::optional<Range> parse_range(std::string_view text) {
    const std::size_t sign = text.find_first_of("-+");
    if (sign == std::string_view::npos)
        return std::nullopt;
    const auto first = parse_number(text.substr(0, sign)), second = parse_number(text.substr(sign + 1));
    if (!first || !second)
        return std::nullopt;
    if (text[sign] == '+')
        return Range::checked(*first, *second);
    if (*second < *first || *second == UINT64_MAX)
        return std::nullopt;
    return Range::checked(*first, *second - *first + 1);
}

int extract_range(Command &command, const std::string &source, const Memory &memory, const Range &range,
                  const std::string &path) {
    return write_target(command, source, path, [&](Target &target) {
        return copy_memory(memory, range, [&target](auto bytes) { return target.write(bytes); });
    });
}

int extract_memfd(Command &command, const Input &input, const Damage &damage, const Wanted &wanted) {
    std::vector<FilePlace> places;
    const auto &sessions = input.handover.luo->sessions;
    bool session_seen = false;
    for (std::uint32_t session = 0; session < sessions.size(); session++) {
        if (wanted.session && !is_named(sessions[session].name, *wanted.session))
            continue;
        session_seen = true;
        for (std::uint32_t file = 0; file < sessions[session].files.size(); file++)
            if (!wanted.token || sessions[session].files[file].token == *wanted.token)
                places.push_back({session, file});
    }
    if (wanted.session && !session_seen)
        return command.fail(input.path, "there is no session " + in_quotes(*wanted.session));
    std::string what = wanted.session ? "session " + in_quotes(*wanted.session) : "the handover";
    if (wanted.token)
        what = "token " + hex(*wanted.token) + " in " + what;
    if (places.size() != 1)
        return command.fail(
            input.path, places.empty() ? "there is no file" + (wanted.token ? " with " + what : " in " + what)
                                       : counted(places.size(), "file") + (wanted.token ? " with " : " in ") +
                                             what + ": name one by --session and --token");
    const LuoFile &file = file_at(input.handover, places[0]);
    if (const auto problem = damage.of(input.handover, places[0]))
        return command.fail(input.path, *problem);
    const std::optional<FileContent> content = content_of(file);
    if (!content)
        return command.fail(input.path, what + " is " + in_quotes(file.compatible) +
                                            ", no memfd: its content is known to its handler only");
    return write_target(command, input.path, *wanted.output, [&](Target &target) {
        return copy_file(input.image.memory(), *content, target.sink());
    });
}

// The FDT at an address, as long as it says it is.
Result<std::vector<std::byte>> load_fdt(const Memory &memory, PhysAddr address) {
    constexpr std::uint32_t largest = 4 << 20;  // kho_test's, the longest that kernels write
    std::array<std::byte, FdtHead::size> start;
    if (Outcome outcome = memory.read(address, start); !outcome)
        return outcome.error();
    const FdtHead head = fdt_head(start);
    if (!head.has_header() || head.total_size > largest)
        return Error{.code = Errc::fdt_header,
                     .address = value(address),
                     .what = "no FDT, or one of impossible size " + std::to_string(head.total_size)};
    std::vector<std::byte> bytes(head.total_size);
    if (Outcome outcome = memory.read(address, bytes); !outcome)
        return outcome.error();
    return bytes;
}

int print_dts(Command &command, const std::string &source, std::span<const std::byte> fdt,
              const Wanted &wanted) {
    const Result<Dts> dts = to_dts(fdt, {.exact = wanted.exact});
    if (!dts)
        return command.fail(source, dts.error());
    for (const std::string &name : dts.value().renamed)
        command.warn(source, "no device tree source can hold the name \"" + name + "\", so it is escaped");
    const auto fill = [&](Target &target) {
        return target.write(std::as_bytes(std::span(dts.value().text)));
    };
    const int status = write_target(command, source, wanted.output.value_or("-"), fill, Holds::description);
    return status == exit_clean && !dts.value().renamed.empty() ? exit_findings : status;
}

int extract_subtree(Command &command, const Input &input, const Wanted &wanted) {
    PhysAddr address = input.handover.fdt;
    std::uint64_t size = 0;
    if (wanted.subtree) {
        const auto &subtrees = input.handover.subtrees;
        const auto found = std::find_if(subtrees.begin(), subtrees.end(), [&](const Subtree &subtree) {
            return is_named(subtree.name, *wanted.subtree);
        });
        if (found == subtrees.end())
            return command.fail(input.path, "there is no subtree " + in_quotes(*wanted.subtree));
        address = found->address;
        size = found->size;
    }
    if (!wanted.dts)
        return extract_range(command, input.path, input.image.memory(), {address, size}, *wanted.output);
    const auto fdt = load_fdt(input.image.memory(), address);
    return fdt ? print_dts(command, input.path, fdt.value(), wanted) : command.fail(input.path, fdt.error());
}

// What is wrong with the combination of options; "".
std::string wrong_usage(const Wanted &wanted) {
    const bool memfd = wanted.session || wanted.token;
    const int ways = (memfd ? 1 : 0) + (wanted.subtree || wanted.dts ? 1 : 0) + (wanted.memory ? 1 : 0) +
                     (wanted.all ? 1 : 0) + (wanted.recording ? 1 : 0);
    if (ways == 0)
        return "nothing to extract: give --session and --token, --subtree, --dts, --memory, --recording or "
               "--all";
    if (ways > 1)
        return "one at a time of --session with --token, --subtree with --dts, --memory, --recording and "
               "--all";
    if (wanted.exact && !wanted.dts)
        return "--exact is for --dts";
    if (wanted.all && wanted.output)
        return "--all writes into a folder, not to --output";
    if (!wanted.all && !wanted.dts && !wanted.output)
        return wanted.recording ? "where to? -o FILE" : "where to? -o FILE, or -o - for standard output";
    if (wanted.recording && *wanted.output == "-")
        return "a recording is written into a file, not to standard output";
    if (wanted.output && (wanted.recording || wanted.dts))
        return wrong_ending(*wanted.output, wanted.recording ? "" : ".dts");
    return "";
}

}  // namespace

int extract(Command &command) {
    Wanted wanted;
    InputOptions options;
    Options &declared = command.options;
    declared.value("output", 'o', wanted.output, "FILE", "write into this file; - is standard output");
    declared.heading("What to extract");
    declared.value("session", 0, wanted.session, "NAME", "a memfd of this session");
    declared.number("token", 0, wanted.token, "TOKEN", "the memfd with this token");
    declared.value("all", 0, wanted.all, "FOLDER", "every memfd, and index.json, into a new folder");
    declared.value("subtree", 0, wanted.subtree, "NAME", "the blob behind a child of the KHO FDT");
    declared.flag("dts", 0, wanted.dts, "the KHO FDT as device tree source, or that of --subtree");
    declared.flag("exact", 0, wanted.exact, "with --dts: such that dtc makes the same bytes of it");
    declared.value("memory", 0, wanted.memory, "RANGE", "physical memory: 0x1000-0x1fff or 0x1000+4K");
    declared.flag("recording", 0, wanted.recording,
                  "what is handed over, and nothing else of the memory, as a recording");
    options.declare(declared);
    if (const auto over = command.parse(1, 1))
        return *over;
    if (const std::string wrong = wrong_usage(wanted); !wrong.empty())
        return command.usage(wrong);
    const std::string &path = command.operands()[0];

    if (wanted.memory) {
        const std::optional<Range> range = parse_range(*wanted.memory);
        if (!range)
            return command.usage("--memory: '" + printable(*wanted.memory) +
                                 "' is not a range such as 0x1000-0x1fff or 0x1000+4K");
        const std::optional<Image> image = open_image(command, path, options);
        return image ? extract_range(command, path, image->memory(), *range, *wanted.output) : exit_unusable;
    }
    // More than enough to tell of each file whether it is sound.
    Findings findings(std::size_t{1} << 20);
    if (wanted.dts && !wanted.subtree) {
        const std::optional<Image> image = open_image(command, path, options);
        if (!image)
            return exit_unusable;
        if (image->blob_kind())
            return print_dts(command, path, image->blob(), wanted);
    }
    const auto input = open_input(command, path, options, findings);
    if (!input)
        return exit_unusable;
    if (input->blob())
        return command.fail(path, std::string("this is a ") + input->image.kind_name() +
                                      " without the memory around it, only --dts makes sense");
    if (wanted.recording)
        return extract_recording(command, *input, findings, *wanted.output);
    if (wanted.subtree || wanted.dts)
        return extract_subtree(command, *input, wanted);
    if (!input->handover.luo)
        return command.fail(path, "the handover has no LUO part, and so no files");
    const Damage damage(findings);
    return wanted.all ? extract_all(command, *input, damage, *wanted.all)
                      : extract_memfd(command, *input, damage, wanted);
}

}  // namespace kho::tool
