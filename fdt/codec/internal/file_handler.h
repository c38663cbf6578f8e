// SPDX-License-Identifier: GPL-2.0-or-later
// What a file handler is to this project: everything that a type of file needs, in one class. One object for each compatible
// string. To add a type: a file in fdt/handlers/ with the body's type, its uses and its handler, and the handler's name in the rows
// of the releases that have it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fdt/base/error.h"
#include "fdt/codec/internal/file_diff.h"
#include "fdt/codec/internal/structure.h"
#include "fdt/codec/metadata_pages.h"
#include "fdt/model/handover.h"

namespace kho {

class ReadContext;
struct Scope;

// A number that the structure holds, for people and for JSON.
struct FileField {
    const char *name;  // snake_case
    std::uint64_t value;
    bool is_address = false;  // where something lies, not what it is
};

class FileHandler {
public:
    virtual ~FileHandler() = default;
    virtual std::string_view compatible() const = 0;  // "memfd-v2"
    // "memfd": handlers of one type are versions of one thing. Each works with the bodies of the others.
    virtual std::string_view type() const = 0;
    virtual std::span<const Structure> structures() const = 0;
    // Whether the body is of this handler's type.
    virtual bool takes(const FileBody &body) const = 0;

    // Sets file.body, if what file.data leads to can be read. file.data is a page's address that no other file has.
    virtual void read(ReadContext &context, LuoFile &file, const Scope &scope) const = 0;
    // Writes the structure into free pages: sets file.data, and what the body says about places. `where` begins error messages.
    // Errors: those of write_handover().
    virtual Outcome write(LuoFile &file, MetadataPages &pages, const std::string &where) const = 0;
    // Makes the body, which came from another handler of this type, one that write() takes; says what is lost.
    virtual void adapt(LuoFile &file, const std::function<void(std::string what)> &lose) const;

    // Memory that is preserved for the file's content: it goes where the file goes.
    virtual std::vector<Range> memory(const LuoFile &file) const = 0;
    // What a program reads from the file; nothing if it has no bytes to read.
    virtual std::optional<FileContent> content(const LuoFile &file) const;

    virtual std::vector<FileField> fields(const LuoFile &file) const = 0;
    // "12288 bytes": the body in a few words. As given here: all fields.
    virtual std::string summary(const LuoFile &file) const;
    // Both have a body of this type. As given here: the fields and the content.
    virtual void diff(FileDiff &diff, const LuoFile &a, const LuoFile &b) const;
};

// The release's handler of this type; nullptr if there is none.
const FileHandler *handler_for(const Release &release, const FileBody &body);

}  // namespace kho
