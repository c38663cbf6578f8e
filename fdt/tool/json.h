// SPDX-License-Identifier: GPL-2.0-or-later
// JSON as it is made, without a tree in memory: a handover can have millions of files.
//
// Numbers that are addresses, tokens, data or bits are strings "0x...": readers whose numbers are doubles
// would round them. Counts and sizes are integers. A foreign string that is not UTF-8 has U+FFFD for each byte
// that does not belong, and a second member, its name with "_bytes" behind, with all bytes in hexadecimal.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fdt/abi/phys.h"
#include "fdt/tool/output.h"

namespace kho::tool {

class Json {
public:
    // `out` gets the document, a line break at its end included.
    explicit Json(Output &out) : out_(out) {}

    // Without a key inside arrays and at the top. A row is written on one line, what is in it too.
    Json &object(std::string_view key = {}) { return begin(key, '{', false); }
    Json &array(std::string_view key = {}) { return begin(key, '[', false); }
    Json &object_row(std::string_view key = {}) { return begin(key, '{', true); }
    Json &array_row(std::string_view key = {}) { return begin(key, '[', true); }
    Json &end();  // of the innermost

    // Keys and our own texts are ASCII.
    Json &text(std::string_view key, std::string_view value);
    Json &foreign(std::string_view key, std::string_view bytes);
    Json &hex(std::string_view key, std::uint64_t value);
    Json &hex(std::string_view key, PhysAddr address) { return hex(key, value(address)); }
    template <std::integral T>
    Json &number(std::string_view key, T value) {
        next(key);
        out_ << value;
        return *this;
    }
    Json &boolean(std::string_view key, bool value);
    Json &null(std::string_view key);

private:
    struct Level {
        char close;
        bool row;
        bool empty = true;
    };
    Json &begin(std::string_view key, char open, bool row);
    void next(std::string_view key);
    void line();
    // Returns false if a byte had to be replaced.
    bool quote(std::string_view bytes);

    Output &out_;
    std::vector<Level> levels_;
};

}  // namespace kho::tool
