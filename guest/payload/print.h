// SPDX-License-Identifier: GPL-2.0-or-later
// Formatting for the serial console: type-safe, a line at a time, no allocation. What is longer than a line
// buffer is cut. Text from a handover goes through Quoted, so that it cannot forge KTAP lines.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "guest/kho/fault.h"
#include "guest/kho/result.h"
#include "plugin/registers.h"

namespace guest {

struct Hex {
    std::uint64_t value;
};
struct Quoted {
    std::string_view text;
};
struct Mebibytes {
    std::uint64_t bytes;
};
struct Milliseconds {
    std::uint64_t nanoseconds;
};

class Line {
public:
    void put(std::string_view text);
    void put(const char *text) { put(std::string_view(text)); }
    void put(char c) { put(std::string_view(&c, 1)); }
    void put(std::same_as<bool> auto) = delete;
    void put(std::unsigned_integral auto v) { put_decimal(v); }
    void put(std::signed_integral auto v) {
        if (v < 0)
            put('-');
        put_decimal(v < 0 ? 0 - static_cast<std::uint64_t>(v) : static_cast<std::uint64_t>(v));
    }
    void put(Hex v);
    void put(Quoted v);
    void put(Mebibytes v);
    void put(Milliseconds v);
    void put(Errno e) { put(name(e)); }
    void put(Fault f) { put(name(f)); }
    void put(const Place &place);

    std::string_view text() const { return {buffer_, size_}; }
    void clear() { size_ = 0; }
    // Ends the line and writes it to the console.
    void flush();

private:
    void put_decimal(std::uint64_t v);
    void put_tenths(std::uint64_t tenths, std::string_view unit);

    char buffer_[512];
    std::size_t size_ = 0;
};

// One line.
template <typename... Args>
void say(const Args &...args) {
    Line line;
    (line.put(args), ...);
    line.flush();
}

}  // namespace guest
