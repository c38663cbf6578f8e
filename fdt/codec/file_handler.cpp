// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/codec/internal/file_handler.h"

#include <algorithm>

#include "fdt/base/internal/text.h"

namespace kho {

void FileHandler::adapt(LuoFile & /*file*/, const std::function<void(std::string)> & /*lose*/) const {}

std::optional<FileContent> FileHandler::content(const LuoFile & /*file*/) const { return std::nullopt; }

std::string FileHandler::summary(const LuoFile &file) const {
    std::string text;
    for (const FileField &field : fields(file)) {
        if (field.is_address)
            continue;
        text += (text.empty() ? "" : ", ") + std::string(field.name) + ' ' + std::to_string(field.value);
    }
    return text;
}

void FileHandler::diff(FileDiff &diff, const LuoFile &a, const LuoFile &b) const {
    const std::vector<FileField> ours = fields(a), theirs = fields(b);
    for (std::size_t i = 0; i < std::min(ours.size(), theirs.size()); i++) {
        if (ours[i].is_address)
            diff.hex_number(ours[i].name, ours[i].value, theirs[i].value, FileDiff::Level::form);
        else
            diff.number(ours[i].name, ours[i].value, theirs[i].value);
    }
    const auto one = content(a), other = content(b);
    if (one && other)
        diff.content(*one, *other);
}

const FileHandler *handler_for(const Release &release, const FileBody &body) {
    const auto found = std::ranges::find_if(
        release.handlers, [&body](const FileHandler *handler) { return handler->takes(body); });
    return found == release.handlers.end() ? nullptr : *found;
}

}  // namespace kho
