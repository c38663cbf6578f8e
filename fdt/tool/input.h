// SPDX-License-Identifier: GPL-2.0-or-later
// The handover in a file that the user names, whatever kind of file it is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fdt/check/check.h"
#include "fdt/file/image.h"
#include "fdt/model/handover.h"
#include "fdt/read/reader.h"
#include "fdt/search/locate.h"
#include "fdt/tool/command.h"

namespace kho::tool {

// --base and --fdt.
struct InputOptions {
    std::optional<std::uint64_t> base;
    std::optional<std::uint64_t> fdt;

    void declare(Options &options);
};

// --only and --not.
struct CheckOptions {
    std::vector<std::string> only;
    std::vector<std::string> exclude;

    void declare(Options &options);
    // False: a check does not exist (said so).
    bool apply(const Command &command, Findings &findings) const;
};

struct Input {
    std::string path;
    Image image;
    std::optional<Located> located{};  // memory images: where the handover was found
    Handover handover{};               // of a blob: what needs no memory
    RangeSet ram{};                    // the machine's, if the image tells; else empty

    std::optional<BlobKind> blob() const { return image.blob_kind(); }
};

// Opens, locates and reads. Nothing if the file cannot be used; the reason is on standard error then, and
// the exit status exit_unusable. What is wrong with the handover itself goes to `findings`.
std::optional<Input> open_input(const Command &command, const std::string &path, const InputOptions &options,
                                Findings &findings);

// The image alone, with its warnings said.
std::optional<Image> open_image(const Command &command, const std::string &path, const InputOptions &options);

// The machine's memory map for a recording of this memory image: the one that it came with, else what it says
// is RAM, else, with a warning, what it holds.
std::vector<CoreMemoryRange> memory_map_of(const Command &command, const Input &input);

}  // namespace kho::tool
