// SPDX-License-Identifier: GPL-2.0-or-later
#include "fdt/tool/options.h"

#include <glib.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <numeric>

namespace kho::tool {

std::optional<std::uint64_t> parse_number(std::string_view text) {
    int base = 10;
    if (text.starts_with("0x") || text.starts_with("0X")) {
        base = 16;
        text.remove_prefix(2);
    }
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (error != std::errc{})
        return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty())
        return number;
    constexpr std::string_view units = "KMGT";
    const std::size_t unit = units.find(text[0]);
    if (text.size() != 1 || unit == std::string_view::npos || base != 10)
        return std::nullopt;
    const unsigned shift = 10 * (static_cast<unsigned>(unit) + 1);
    if (number > UINT64_MAX >> shift)
        return std::nullopt;
    return number << shift;
}

void Options::flag(const char *name, char letter, bool &to, const char *text) {
    each(name, letter, nullptr, text, [&to](const std::string &) {
        to = true;
        return "";
    });
}

void Options::value(const char *name, char letter, std::optional<std::string> &to, const char *placeholder,
                    const char *text) {
    each(name, letter, placeholder, text, [&to](const std::string &value) {
        to = value;
        return "";
    });
}

void Options::number(const char *name, char letter, std::optional<std::uint64_t> &to, const char *placeholder,
                     const char *text) {
    each(name, letter, placeholder, text, [&to](const std::string &value) {
        to = parse_number(value);
        return to ? "" : "is not a number (4096, 0x1000, 4K)";
    });
}

void Options::list(const char *name, char letter, std::vector<std::string> &to, const char *placeholder,
                   const char *text) {
    each(name, letter, placeholder, text, [&to](const std::string &value) {
        to.push_back(value);
        return "";
    });
}

void Options::each(const char *name, char letter, const char *placeholder, const char *text, Take take) {
    options_.push_back({name, letter, placeholder, text, heading_, std::move(take)});
}

struct Options::Call {
    const Options &options;
    std::vector<std::string> operands;

    // GLib names the option as it was written: "--json", "-j"; "" for an operand.
    static gboolean take(const gchar *written, const gchar *value, gpointer data, GError **error) {
        Call &call = *static_cast<Call *>(data);
        const std::string_view name = written == nullptr ? "" : written;
        for (const Option &option : call.options.options_) {
            const bool is_long = name.starts_with("--") && name.substr(2) == option.name;
            const bool is_letter = name.size() == 2 && name[0] == '-' && name[1] == option.letter;
            if (!is_long && !is_letter)
                continue;
            const std::string wrong = option.take(value == nullptr ? "" : value);
            if (wrong.empty())
                return TRUE;
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--%s: '%s' %s", option.name, value,
                        wrong.c_str());
            return FALSE;
        }
        call.operands.emplace_back(value == nullptr ? "" : value);
        return TRUE;
    }
};

std::optional<std::string> Options::parse(std::vector<std::string> &arguments) const {
    if (auto wrong = value_of_flag(arguments))
        return wrong;
    Call call{*this, {}};
    const auto callback = reinterpret_cast<gpointer>(&Call::take);
    std::vector<GOptionEntry> entries;
    for (const Option &option : options_) {
        const int flags = G_OPTION_FLAG_FILENAME | (option.placeholder == nullptr ? G_OPTION_FLAG_NO_ARG : 0);
        entries.push_back(
            {option.name, option.letter, flags, G_OPTION_ARG_CALLBACK, callback, nullptr, nullptr});
    }
    entries.push_back(
        {G_OPTION_REMAINING, 0, G_OPTION_FLAG_FILENAME, G_OPTION_ARG_CALLBACK, callback, nullptr, nullptr});
    entries.push_back({});

    const std::unique_ptr<GOptionContext, decltype(&g_option_context_free)> context(
        g_option_context_new(nullptr), g_option_context_free);
    g_option_context_set_help_enabled(context.get(), FALSE);
    // Only a group hands its data to callbacks. The context owns it.
    GOptionGroup *group = g_option_group_new("", "", "", &call, nullptr);
    g_option_group_add_entries(group, entries.data());
    g_option_context_set_main_group(context.get(), group);

    // GLib frees what it takes out of argv.
    gchar **argv = g_new0(gchar *, arguments.size() + 2);
    argv[0] = g_strdup("kho");
    for (std::size_t i = 0; i < arguments.size(); i++) argv[i + 1] = g_strdup(arguments[i].c_str());
    GError *error = nullptr;
    const gboolean parsed = g_option_context_parse_strv(context.get(), &argv, &error);
    g_strfreev(argv);
    if (!parsed) {
        std::string message = error->message;
        if (g_error_matches(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION)) {
            const std::size_t dash = message.find('-');
            const std::string unknown = dash == std::string::npos ? "" : message.substr(dash);
            message = "there is no option " + unknown + nearest(unknown);
        }
        g_error_free(error);
        return message;
    }
    arguments = std::move(call.operands);
    return std::nullopt;
}

std::optional<std::string> Options::value_of_flag(const std::vector<std::string> &arguments) const {
    for (const std::string &argument : arguments) {
        if (argument == "--")
            break;
        const std::size_t equals = argument.find('=');
        if (!argument.starts_with("--") || equals == std::string::npos)
            continue;
        for (const Option &option : options_)
            if (option.placeholder == nullptr && argument.substr(2, equals - 2) == option.name)
                return "--" + std::string(option.name) + " takes no value";
    }
    return std::nullopt;
}

std::string Options::nearest(std::string_view unknown) const {
    if (!unknown.starts_with("--"))
        return "";
    const std::string_view word = unknown.substr(2, unknown.find('=') - 2);
    std::vector<std::string_view> names;
    for (const Option &option : options_) names.emplace_back(option.name);
    const std::string_view near = nearest_word(word, names);
    return near.empty() ? "" : "; do you mean --" + std::string(near) + "?";
}

std::string Options::help() const {
    constexpr std::size_t indent = 26;
    constexpr std::size_t width = 79;
    std::string text;
    const char *heading = nullptr;
    for (const Option &option : options_) {
        if (heading == nullptr || std::string_view(heading) != option.heading) {
            heading = option.heading;
            text += (text.empty() ? "" : "\n") + std::string(heading) + ":\n";
        }
        std::string left = option.letter != 0 ? std::string("  -") + option.letter + ", --" : "      --";
        left += option.name;
        if (option.placeholder != nullptr)
            left += '=' + std::string(option.placeholder);
        std::string line = left + "  ";
        if (line.size() > indent) {
            text += left + "\n";
            line.clear();
        }
        line.resize(indent, ' ');
        std::string_view rest = option.text;
        while (line.size() + rest.size() > width) {
            const std::size_t cut = rest.rfind(' ', width - line.size());
            if (cut == std::string_view::npos)
                break;
            text += line.append(rest.substr(0, cut)) + "\n";
            rest.remove_prefix(cut + 1);
            line.assign(indent, ' ');
        }
        text += line.append(rest) + "\n";
    }
    return text;
}

namespace {

// Letters to insert, remove, replace, or exchange with their neighbour (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before, above(b.size() + 1), row(b.size() + 1);
    std::iota(above.begin(), above.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); i++) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); j++) {
            row[j] = std::min({above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1), above[j] + 1, row[j - 1] + 1});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before = std::exchange(above, row);
    }
    return above[b.size()];
}

}  // namespace

std::string_view nearest_word(std::string_view word, const std::vector<std::string_view> &candidates) {
    std::string_view best;
    if (word.size() < 2 || word.size() > 40)
        return best;
    std::size_t least = std::max<std::size_t>(word.size() / 4, 1) + 1;
    for (const std::string_view candidate : candidates) {
        const std::size_t d = candidate.starts_with(word) ? 1 : distance(word, candidate);
        if (d < least) {
            least = d;
            best = candidate;
        }
    }
    return best;
}

}  // namespace kho::tool
