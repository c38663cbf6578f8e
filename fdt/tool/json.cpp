// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/tool/json.h"

#include <charconv>
#include <string>

namespace kho::tool {
namespace {

// Bytes of the UTF-8 character at the front; 0 if there is none: overlong forms, surrogates and what is
// beyond U+10FFFF are none.
std::size_t character_length(std::string_view bytes) {
    const auto at = [bytes](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const unsigned first = at(0);
    if (first < 0x80)
        return 1;
    const std::size_t length = first >= 0xc2 && first <= 0xdf ? 2 : (first & 0xf0) == 0xe0 ? 3 : 4;
    if (first < 0xc2 || first > 0xf4 || bytes.size() < length)
        return 0;
    for (std::size_t i = 1; i < length; i++)
        if ((at(i) & 0xc0) != 0x80)
            return 0;
    const unsigned second = at(1);
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
        (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
        return 0;
    return length;
}

}  // namespace

void Json::line() {
    out_ << '\n';
    for (std::size_t i = 0; i < levels_.size(); i++) out_ << "  ";
}

void Json::next(std::string_view key) {
    if (!levels_.empty()) {
        Level &level = levels_.back();
        if (!level.empty)
            out_ << (level.row ? ", " : ",");
        level.empty = false;
        if (!level.row)
            line();
    }
    if (!key.empty())
        out_ << '"' << key << "\": ";
}

Json &Json::begin(std::string_view key, char open, bool row) {
    next(key);
    out_ << open;
    levels_.push_back({open == '{' ? '}' : ']', row || (!levels_.empty() && levels_.back().row)});
    return *this;
}

Json &Json::end() {
    const Level level = levels_.back();
    levels_.pop_back();
    if (!level.row && !level.empty)
        line();
    out_ << level.close;
    if (levels_.empty())
        out_ << '\n';
    return *this;
}

bool Json::quote(std::string_view bytes) {
    bool faithful = true;
    out_ << '"';
    while (!bytes.empty()) {
        // Mostly it is all plain: copy as much as that holds.
        std::size_t plain = 0;
        while (plain < bytes.size() && bytes[plain] >= ' ' && bytes[plain] <= '~' && bytes[plain] != '"' &&
               bytes[plain] != '\\')
            plain++;
        out_ << bytes.substr(0, plain);
        bytes.remove_prefix(plain);
        if (bytes.empty())
            break;
        std::size_t length = character_length(bytes);
        const auto c = static_cast<unsigned char>(bytes[0]);
        if (length == 0) {
            faithful = false;
            length = 1;
            out_ << "\\ufffd";
        } else if (c < ' ' || c == 0x7f) {
            constexpr char digits[] = "0123456789abcdef";
            out_ << "\\u00" << digits[c >> 4] << digits[c & 15];
        } else if (c == '"' || c == '\\') {
            out_ << '\\' << bytes[0];
        } else {
            out_ << bytes.substr(0, length);
        }
        bytes.remove_prefix(length);
    }
    out_ << '"';
    return faithful;
}

Json &Json::text(std::string_view key, std::string_view value) {
    next(key);
    quote(value);
    return *this;
}

Json &Json::foreign(std::string_view key, std::string_view bytes) {
    next(key);
    if (quote(bytes) || key.empty())
        return *this;
    constexpr char digits[] = "0123456789abcdef";
    std::string all;
    for (const char byte : bytes) {
        const auto c = static_cast<unsigned char>(byte);
        all += digits[c >> 4];
        all += digits[c & 15];
    }
    return text(std::string(key) + "_bytes", all);
}

Json &Json::hex(std::string_view key, std::uint64_t value) {
    next(key);
    char digits[16];
    const auto end = std::to_chars(digits, digits + sizeof digits, value, 16).ptr;
    out_ << "\"0x" << std::string_view(digits, static_cast<std::size_t>(end - digits)) << '"';
    return *this;
}

Json &Json::boolean(std::string_view key, bool value) {
    next(key);
    out_ << (value ? "true" : "false");
    return *this;
}

Json &Json::null(std::string_view key) {
    next(key);
    out_ << "null";
    return *this;
}

}  // namespace kho::tool
