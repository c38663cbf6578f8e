// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/payload/params.h"

namespace guest {

namespace {

// string_view::substr without its exception.
constexpr std::string_view part(std::string_view text, std::size_t from, std::size_t to) {
    return {text.data() + from, to - from};
}

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n'; }

int digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 16;
}

bool set_number(std::uint64_t &to, std::string_view text) {
    const std::optional<std::uint64_t> number = parse_number(text);
    if (number)
        to = *number;
    return number.has_value();
}

bool set_flag(bool &out, std::string_view text) {
    out = text != "0";
    return text == "0" || text == "1";
}

// SESSION:TOKEN:PAGE; the session's name may hold colons.
bool set_forget(Params &params, std::string_view text) {
    const std::size_t second = text.rfind(':');
    if (second == std::string_view::npos || second == 0)
        return false;
    const std::size_t first = text.rfind(':', second - 1);
    if (first == std::string_view::npos || first == 0)
        return false;
    std::uint64_t token = 0, page = 0;
    if (!set_number(token, part(text, first + 1, second)) ||
        !set_number(page, part(text, second + 1, text.size())))
        return false;
    params.forget_session = part(text, 0, first);
    params.forget_token = token;
    params.forget_page = page;
    return true;
}

bool set_parameter(Params &params, std::string_view name, std::string_view text) {
    if (name == "lives") {
        std::uint64_t lives = 0;
        if (!set_number(lives, text) || lives == 0)
            return false;
        params.lives = lives;
        return true;
    }
    if (name == "scratch")
        return set_number(params.scratch, text);
    if (name == "files")
        return set_number(params.files, text);
    if (name == "sessions")
        return set_number(params.sessions, text);
    if (name == "watchdog")
        return set_number(params.watchdog, text);
    if (name == "session-files")
        return set_number(params.session_files, text);
    if (name == "strict")
        return set_flag(params.strict, text);
    if (name == "linux-flbs")
        return set_flag(params.linux_flbs, text);
    if (name == "manifest")
        return set_flag(params.manifest, text);
    if (name == "cycle")
        return set_flag(params.cycle, text);
    if (name == "break") {
        params.break_case = text;
        return true;
    }
    if (name == "crash") {
        params.crash = text;
        return true;
    }
    if (name == "expect") {
        params.expect = text;
        return true;
    }
    if (name == "forget")
        return set_forget(params, text);
    return false;
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
    unsigned base = 10;
    std::size_t i = 0;
    if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        i = 2;
    }
    std::uint64_t v = 0;
    std::size_t digits = 0;
    for (; i < text.size(); i++, digits++) {
        const int d = digit(text[i]);
        if (d >= static_cast<int>(base))
            break;
        if (__builtin_mul_overflow(v, std::uint64_t{base}, &v) ||
            __builtin_add_overflow(v, static_cast<std::uint64_t>(d), &v))
            return std::nullopt;
    }
    if (digits == 0)
        return std::nullopt;
    if (i < text.size()) {
        unsigned shift = 0;
        switch (text[i]) {
            case 'k':
            case 'K':
                shift = 10;
                break;
            case 'm':
            case 'M':
                shift = 20;
                break;
            case 'g':
            case 'G':
                shift = 30;
                break;
            default:
                return std::nullopt;
        }
        if (i + 1 != text.size() || v > ~std::uint64_t{0} >> shift)
            return std::nullopt;
        v <<= shift;
    }
    return v;
}

Params Params::parse(std::string_view line) {
    Params params;
    for (std::size_t i = 0; i < line.size();) {
        if (is_space(line[i])) {
            i++;
            continue;
        }
        // A word ends at a space outside of quotes. Quotes surround the whole word or the value.
        const std::size_t from = i;
        std::size_t equals = 0;
        bool quoted = false;
        for (; i < line.size() && (quoted || !is_space(line[i])); i++) {
            if (line[i] == '"')
                quoted = !quoted;
            else if (line[i] == '=' && equals == 0)
                equals = i;
        }
        std::string_view name = part(line, from, equals != 0 ? equals : i);
        std::string_view text = equals != 0 ? part(line, equals + 1, i) : std::string_view();
        if (!name.empty() && name.front() == '"') {
            name.remove_prefix(1);
            if (!text.empty() && text.back() == '"')
                text.remove_suffix(1);
        } else if (text.size() > 1 && text.front() == '"' && text.back() == '"') {
            text.remove_prefix(1);
            text.remove_suffix(1);
        }
        if (!set_parameter(params, name, text) && params.not_understood++ == 0)
            params.first_not_understood = part(line, from, i);
    }
    return params;
}

}  // namespace guest
