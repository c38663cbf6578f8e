// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/tool/output.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <sys/ioctl.h>
#include <unistd.h>

#include "fdt/base/internal/size_text.h"

namespace kho::tool {
namespace {

// The eight colours that every terminal has, none of them distinguished by red and green alone: good is never
// shown beside error without a word.
std::string_view sequence(Style style) {
    switch (style) {
        case Style::heading:
            return "\x1b[1m";
        case Style::name:
            return "\x1b[36m";
        case Style::address:
            return "\x1b[33m";
        case Style::good:
            return "\x1b[32m";
        case Style::warning:
            return "\x1b[1;35m";
        case Style::error:
            return "\x1b[1;31m";
        case Style::dim:
            return "\x1b[2m";
        case Style::plain:
            break;
    }
    return "";
}

}  // namespace

Output::Output(int descriptor) : descriptor_(descriptor) {
    buffer_.reserve(flush_at + 4096);
    winsize size{};
    if (isatty(descriptor) != 0 && ioctl(descriptor, TIOCGWINSZ, &size) == 0)
        columns_ = size.ws_col;
}

void Output::set_color(Color color) {
    if (color != Color::automatic) {
        colored_ = color == Color::always;
        return;
    }
    const char *no_color = std::getenv("NO_COLOR");
    const char *terminal = std::getenv("TERM");
    colored_ = isatty(descriptor_) != 0 && (no_color == nullptr || *no_color == '\0') &&
               terminal != nullptr && std::strcmp(terminal, "dumb") != 0;
}

Output &Output::styled(Style style, std::string_view text) {
    if (!colored_ || style == Style::plain)
        return *this << text;
    return *this << sequence(style) << text << "\x1b[0m";
}

Output &Output::left(std::string_view text, std::size_t width, Style style) {
    styled(style, text);
    if (text.size() < width)
        buffer_.append(width - text.size(), ' ');
    return *this;
}

Output &Output::right(std::string_view text, std::size_t width, Style style) {
    if (text.size() < width)
        buffer_.append(width - text.size(), ' ');
    return styled(style, text);
}

Output &Output::prose(std::string_view text, std::size_t indent) {
    constexpr std::size_t least = 24;        // characters a line that are worth it
    constexpr std::size_t below_indent = 8;  // of a text that begins on a line of its own
    if (columns_ == 0 || indent + text.size() <= columns_)
        return *this << text;
    if (indent + least > columns_) {
        indent = below_indent;
        *this << '\n' << std::string(indent, ' ');
    }
    return *this << wrapped(text, columns_ > indent + least ? columns_ - indent : least, indent);
}

Output &Output::hex(std::uint64_t number, std::size_t width, Style style) {
    char text[18] = {'0', 'x'};
    const auto end = std::to_chars(text + 2, text + sizeof text, number, 16).ptr;
    return right({text, static_cast<std::size_t>(end - text)}, width, style);
}

Output &Output::decimal(std::uint64_t number, std::size_t width) {
    char text[20];
    const auto end = std::to_chars(text, text + sizeof text, number).ptr;
    return right({text, static_cast<std::size_t>(end - text)}, width);
}

void Output::flush() {
    std::string_view rest = buffer_;
    while (!rest.empty() && error_ == 0) {
        const ssize_t written = write(descriptor_, rest.data(), rest.size());
        if (written >= 0)
            rest.remove_prefix(static_cast<std::size_t>(written));
        else if (errno != EINTR)
            error_ = errno;
    }
    buffer_.clear();
}

int Output::finish() {
    flush();
    return error_;
}

}  // namespace kho::tool
