// SPDX-License-Identifier: GPL-2.0-or-later
// What the ways to extract share.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>

#include "fdt/handlers/memfd.h"
#include "fdt/tool/input.h"
#include "fdt/view/file_content.h"

namespace kho::tool {

// A file of a session, by its place.
struct FilePlace {
    std::uint32_t session = 0;
    std::uint32_t file = 0;
};

// Errors of the handover by the path of the file they are about. Bytes that a reader refused would be zeroes
// in what is extracted, indistinguishable from real zeroes.
class Damage {
public:
    explicit Damage(const Findings &findings);
    // The first error, as a sentence, that is about the file; nothing if it is sound.
    std::optional<std::string> of(const Handover &handover, FilePlace place) const;

private:
    std::unordered_map<std::string, std::string> errors_;
    bool incomplete_;
};

inline const LuoFile &file_at(const Handover &handover, FilePlace place) {
    return handover.luo->sessions[place.session].files[place.file];
}

// Nothing if the file's handler is unknown, or gives no bytes to read.
std::optional<FileContent> content_of(const LuoFile &file);

// A file name that is made of a session's name and a token, for any name: what is neither a letter, a digit,
// '-', '_' nor '.' is written as %XX, and so is a '.' in front; no name is "%". Different names give
// different file names.
std::string safe_file_name(std::string_view session, std::uint64_t token);

// --all: every memfd, and index.json that says what is what, in a folder that is made or is empty.
int extract_all(Command &command, const Input &input, const Damage &damage, const std::string &folder);

// --recording: what is handed over, and all that says so, as a recording of its own. What is missing or wrong
// in the handover is said, and the exit status is then that of findings.
int extract_recording(Command &command, const Input &input, const Findings &findings,
                      const std::string &path);

}  // namespace kho::tool
