// SPDX-License-Identifier: GPL-2.0-or-later
// Where handlers say what differs between two files. Implemented by diff.
#pragma once

#include <cstdint>
#include <string>

#include "fdt/model/file_body.h"

namespace kho {

class FileDiff {
public:
    enum class Level : bool {
        meaning,
        form,  // where it lies and how it is written, not what it says
    };

    virtual ~FileDiff() = default;
    // Nothing, if the values are the same.
    virtual void number(const char *what, std::uint64_t a, std::uint64_t b, Level level = Level::meaning) = 0;
    virtual void hex_number(const char *what, std::uint64_t a, std::uint64_t b,
                            Level level = Level::meaning) = 0;
    // Byte by byte, as far as both reach.
    virtual void content(const FileContent &a, const FileContent &b) = 0;
};

}  // namespace kho
