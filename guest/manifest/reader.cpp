// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/manifest/reader.h"

#include <iterator>

namespace agent {

namespace {

using Kind = ManifestLine::Kind;

std::optional<std::uint64_t> number(std::string_view text) {
    const bool hex = text.starts_with("0x");
    if (hex)
        text.remove_prefix(2);
    const unsigned base = hex ? 16 : 10;
    if (text.empty())
        return {};
    std::uint64_t value = 0;
    for (const char c : text) {
        unsigned digit = base;
        if (c >= '0' && c <= '9')
            digit = static_cast<unsigned>(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = static_cast<unsigned>(c - 'a') + 10;
        if (digit >= base || __builtin_mul_overflow(value, std::uint64_t{base}, &value) ||
            __builtin_add_overflow(value, std::uint64_t{digit}, &value))
            return {};
    }
    return value;
}

bool has_control_character(std::string_view line) {
    for (const char c : line)
        if (static_cast<unsigned char>(c) < ' ')
            return true;
    return false;
}

std::optional<Layout> layout_named(std::string_view name) {
    if (name == "full")
        return Layout::full;
    if (name == "holes")
        return Layout::holes;
    if (name == "only-hole")
        return Layout::only_hole;
    return {};
}

struct Field {
    Kind kind;
    std::string_view key;
    std::uint64_t ManifestLine::*number = nullptr;
    std::optional<std::uint64_t> ManifestLine::*if_known = nullptr;
    bool required = true;
};
constexpr Field fields[] = {
    {.kind = Kind::session, .key = "files", .number = &ManifestLine::files},
    {.kind = Kind::file, .key = "token", .number = &ManifestLine::token},
    {.kind = Kind::file, .key = "size", .number = &ManifestLine::size},
    {.kind = Kind::file, .key = "pos", .number = &ManifestLine::position},
    {.kind = Kind::file, .key = "seed", .if_known = &ManifestLine::seed},
    {.kind = Kind::file, .key = "layout"},
    {.kind = Kind::file, .key = "seals", .if_known = &ManifestLine::seals, .required = false},
    {.kind = Kind::reserved, .key = "start", .number = &ManifestLine::start},
    {.kind = Kind::reserved, .key = "size", .number = &ManifestLine::size},
    {.kind = Kind::reserved, .key = "seed", .if_known = &ManifestLine::seed, .required = false},
    {.kind = Kind::end, .key = "sessions", .number = &ManifestLine::sessions},
    {.kind = Kind::end, .key = "files", .number = &ManifestLine::files},
    {.kind = Kind::end, .key = "bytes", .number = &ManifestLine::bytes},
};
static_assert(std::size(fields) <= 32, "a bit each");

bool set(ManifestLine &line, const Field &field, std::string_view value) {
    if (field.key == "layout") {
        const std::optional<Layout> layout = layout_named(value);
        line.layout = layout.value_or(Layout::full);
        return layout.has_value();
    }
    const std::optional<std::uint64_t> n = number(value);
    if (!n)
        return false;
    if (field.number != nullptr)
        line.*field.number = *n;
    else
        line.*field.if_known = n;
    return true;
}

// "key=value"; the bit of the key, 0 if it cannot be understood.
std::uint32_t set(ManifestLine &line, std::string_view pair) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos)
        return 0;
    for (std::size_t i = 0; i < std::size(fields); i++)
        if (fields[i].kind == line.kind && fields[i].key == pair.substr(0, equals))
            return set(line, fields[i], pair.substr(equals + 1)) ? 1U << i : 0;
    return 0;
}

// The bits of the keys that a line of this kind must have.
std::uint32_t required(Kind kind) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < std::size(fields); i++)
        if (fields[i].kind == kind && fields[i].required)
            bits |= 1U << i;
    return bits;
}

}  // namespace

ManifestReader::ManifestReader(std::string_view text) : rest_(text) {
    if (take() != manifest_magic)
        state_ = State::failed;
}

std::optional<std::string_view> ManifestReader::take() {
    const std::size_t end = rest_.find('\n');
    if (end == std::string_view::npos)
        return {};
    const std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    line_++;
    return line;
}

std::optional<ManifestLine> ManifestReader::parse(std::string_view line) const {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || has_control_character(line))
        return {};
    const std::string_view word = line.substr(0, space);
    std::string_view rest = line.substr(space + 1);

    struct Named {
        std::string_view word;
        Kind kind;
    };
    static constexpr Named kinds[] = {{"release", Kind::release},   {"scenario", Kind::scenario},
                                      {"session", Kind::session},   {"file", Kind::file},
                                      {"reserved", Kind::reserved}, {"end", Kind::end}};
    std::optional<Kind> kind;
    for (const Named &named : kinds)
        if (named.word == word)
            kind = named.kind;
    if (!kind || rest.empty())
        return {};

    ManifestLine result{.kind = *kind, .text = {}, .seed = {}, .seals = {}};
    if (*kind == Kind::release || *kind == Kind::scenario) {
        result.text = rest;
        return result;
    }
    const bool has_name = *kind == Kind::session || *kind == Kind::reserved;
    std::uint32_t seen = 0;
    while (!rest.empty()) {
        if (has_name && rest.starts_with("name=")) {
            result.text = rest.substr(5);
            break;
        }
        const std::string_view pair = rest.substr(0, rest.find(' '));
        rest.remove_prefix(pair.size() == rest.size() ? pair.size() : pair.size() + 1);
        const std::uint32_t bit = set(result, pair);
        if (bit == 0 || (seen & bit) != 0)
            return {};
        seen |= bit;
    }
    if ((seen & required(*kind)) != required(*kind) || has_name == result.text.empty())
        return {};
    return result;
}

// What the lines are about comes first. Files belong to the session before them, and nothing else comes in
// between.
bool ManifestReader::count(const ManifestLine &line) {
    if ((line_ == 2) != (line.kind == Kind::release) || (line_ == 3) != (line.kind == Kind::scenario))
        return false;
    if (line.kind == Kind::file) {
        if (files_to_come_ == 0 || __builtin_add_overflow(bytes_, line.size, &bytes_))
            return false;
        files_to_come_--;
        files_++;
        return true;
    }
    if (files_to_come_ != 0)
        return false;
    if (line.kind == Kind::session) {
        sessions_++;
        files_to_come_ = line.files;
    }
    return line.kind != Kind::end ||
           (line.sessions == sessions_ && line.files == files_ && line.bytes == bytes_);
}

std::optional<ManifestLine> ManifestReader::next() {
    if (state_ != State::reading)
        return {};
    const std::optional<std::string_view> text = take();
    const std::optional<ManifestLine> line = text ? parse(*text) : std::optional<ManifestLine>{};
    if (!line || !count(*line)) {
        state_ = State::failed;
        return {};
    }
    if (line->kind == Kind::end)
        state_ = rest_.empty() ? State::complete : State::failed;
    return line;
}

}  // namespace agent
