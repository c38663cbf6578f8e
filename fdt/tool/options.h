// SPDX-License-Identifier: GPL-2.0-or-later
// The options of a verb: declared once, parsed strictly, and listed by --help. Parsing is GLib's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kho::tool {

// A number as people write sizes and addresses: decimal or 0x..., and after a decimal one K, M, G or T for
// powers of 1024. Nothing if it is anything else or does not fit.
std::optional<std::uint64_t> parse_number(std::string_view text);

class Options {
public:
    // Says what is wrong with a value, or "".
    using Take = std::function<std::string(const std::string &)>;

    // `letter` is 0 for an option that has none. Names and texts must outlive this.
    void flag(const char *name, char letter, bool &to, const char *text);
    // The last one counts.
    void value(const char *name, char letter, std::optional<std::string> &to, const char *placeholder,
               const char *text);
    void number(const char *name, char letter, std::optional<std::uint64_t> &to, const char *placeholder,
                const char *text);
    // May be repeated.
    void list(const char *name, char letter, std::vector<std::string> &to, const char *placeholder,
              const char *text);
    // Anything else: `take` is called for each.
    void each(const char *name, char letter, const char *placeholder, const char *text, Take take);

    // What follows is listed under this heading.
    void heading(const char *text) { heading_ = text; }

    // Takes options out of `arguments`; what remains are the operands. What is wrong otherwise, as one line.
    std::optional<std::string> parse(std::vector<std::string> &arguments) const;

    // All that was declared, as --help shows it.
    std::string help() const;

private:
    struct Option {
        const char *name;
        char letter;
        const char *placeholder;  // nullptr: takes no value
        const char *text;
        const char *heading;
        Take take;
    };
    struct Call;  // GLib's side of parse()

    // "--json=yes": GLib drops such a value in silence.
    std::optional<std::string> value_of_flag(const std::vector<std::string> &arguments) const;
    std::string nearest(std::string_view unknown) const;

    std::vector<Option> options_;
    const char *heading_ = "Options";
};

// The candidate that `word` begins, or is a slip of the fingers for: one letter in four, at least one. "" if there is none.
std::string_view nearest_word(std::string_view word, const std::vector<std::string_view> &candidates);

}  // namespace kho::tool
