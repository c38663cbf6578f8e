// SPDX-License-Identifier: GPL-2.0-or-later
// An open file as LUO sees it: counted references and a type that knows how to let go of it.
#pragma once

#include <cstdint>
#include <string_view>

namespace guest {

struct File;

struct FileType {
    std::string_view name;
    void (*release)(File &file);  // the last reference is gone
};

struct File {
    const FileType *type = nullptr;
    std::uint32_t references = 0;
    bool held = false;  // by a file set, which no other may hold it besides
};

inline void get_file(File &file) { file.references++; }
inline void put_file(File &file) {
    if (--file.references == 0)
        file.type->release(file);
}

}  // namespace guest
