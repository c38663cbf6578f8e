// SPDX-License-Identifier: GPL-2.0-or-later
// What a verb prints: buffered, coloured where that is wanted, and never lost in silence.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace kho::tool {

enum class Color : std::uint8_t { automatic, always, never };

enum class Style : std::uint8_t { plain, heading, name, address, good, warning, error, dim };

// Standard output. After the first write that fails (a closed pipe, a full disk) the rest is dropped and
// finish() tells.
class Output {
public:
    explicit Output(int descriptor);

    // automatic: a terminal that is not "dumb", and no NO_COLOR in the environment.
    void set_color(Color color);
    bool colored() const { return colored_; }
    // How many characters a line of the terminal holds; 0 where the output is not a terminal, or it does not say.
    std::size_t columns() const { return columns_; }

    Output &operator<<(std::string_view text) {
        buffer_ += text;
        if (buffer_.size() >= flush_at)
            flush();
        return *this;
    }
    Output &operator<<(char c) { return *this << std::string_view(&c, 1); }
    template <std::integral T>
    Output &operator<<(T number) {
        char digits[20];
        const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
        return *this << std::string_view(digits, static_cast<std::size_t>(end - digits));
    }
    Output &styled(Style style, std::string_view text);
    // Padded with blanks to `width`, which counts neither colours nor more than one byte a character.
    Output &left(std::string_view text, std::size_t width, Style style = Style::plain);
    Output &right(std::string_view text, std::size_t width, Style style = Style::plain);

    // Text that ends a line, and begins `indent` characters behind the line's begin. On a terminal it goes on below itself where the
    // line is full, between words; where there is hardly room, it begins on a line of its own.
    Output &prose(std::string_view text, std::size_t indent);

    // Right-aligned numbers, without a string in between; hex as "0x...".
    Output &hex(std::uint64_t number, std::size_t width, Style style = Style::plain);
    Output &decimal(std::uint64_t number, std::size_t width);

    // Writes what is buffered. errno of the first write that failed, 0 if none did.
    int finish();

private:
    static constexpr std::size_t flush_at = 1 << 16;
    void flush();

    std::string buffer_;
    int descriptor_;
    int error_ = 0;
    std::size_t columns_ = 0;
    bool colored_ = false;
};

}  // namespace kho::tool
