// SPDX-License-Identifier: GPL-2.0-or-later
// One line of text, made without anything that could fail or be broken. Too much text is cut.
#pragma once

#include <cstdint>
#include <string_view>

namespace guest::arch {

class Line {
public:
    Line &text(std::string_view s) {
        for (const char c : s) put(c);
        return *this;
    }
    Line &hex(std::uint64_t v, unsigned digits) {
        while (digits--) put("0123456789abcdef"[v >> (4 * digits) & 15]);
        return *this;
    }
    // 0x, and no leading zeros.
    Line &number(std::uint64_t v) {
        unsigned digits = 1;
        while (digits < 16 && v >> (4 * digits)) ++digits;
        return text("0x").hex(v, digits);
    }
    Line &decimal(std::uint64_t v) {
        char digits[20];
        unsigned n = 0;
        do {
            digits[n++] = static_cast<char>('0' + v % 10);
            v /= 10;
        } while (v);
        while (n) put(digits[--n]);
        return *this;
    }
    std::string_view view() const { return {buffer_, size_}; }

private:
    void put(char c) {
        if (size_ < sizeof(buffer_))
            buffer_[size_++] = c;
    }
    char buffer_[160];
    unsigned size_ = 0;
};

}  // namespace guest::arch
