// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/linux/parameters.h"

#include <charconv>
#include <utility>

#include "guest/linux/agent_scenario.h"

namespace agent {

namespace {

bool number(const std::string &text, unsigned &to) {
    const char *const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, to);
    return error == std::errc() && rest == end;
}

// Where `key=` begins as a parameter of its own and where its value ends; quotes belong to the value.
std::optional<std::pair<std::size_t, std::size_t>> find(std::string_view line, std::string_view key) {
    std::size_t at = 0;
    while (at < line.size()) {
        std::size_t end = at;
        for (bool quoted = false; end < line.size(); end++) {
            if (line[end] == '"')
                quoted = !quoted;
            if ((line[end] == ' ' || line[end] == '\n') && !quoted)
                break;
        }
        const std::string_view word = line.substr(at, end - at);
        if (word.size() > key.size() && word.starts_with(key) && word[key.size()] == '=')
            return std::pair(at, end);
        at = end + 1;
    }
    return {};
}

}  // namespace

std::optional<std::string> parameter(std::string_view command_line, std::string_view key) {
    const auto place = find(command_line, key);
    if (!place)
        return {};
    std::string value;
    for (const char c :
         command_line.substr(place->first + key.size() + 1, place->second - place->first - key.size() - 1))
        if (c != '"')
            value += c;
    return value;
}

std::string with_parameter(std::string_view command_line, std::string_view key, std::string_view value) {
    while (command_line.ends_with('\n')) command_line.remove_suffix(1);
    const std::string wanted = std::string(key) + "=" + std::string(value);
    const auto place = find(command_line, key);
    if (!place)
        return std::string(command_line) + " " + wanted;
    return std::string(command_line.substr(0, place->first)) + wanted +
           std::string(command_line.substr(place->second));
}

Parameters Parameters::from(std::string command_line, std::string &why) {
    Parameters result;
    result.command_line = std::move(command_line);
    const auto get = [&](const char *key) { return parameter(result.command_line, key); };
    if (const auto scenario = get("agent.scenario")) {
        result.scenario = *scenario;
        result.has_scenario = true;
        if (!is_scenario(*scenario))
            why = "agent.scenario=" + *scenario + ": no such scenario";
    }
    if (const auto stage = get("agent.stage"))
        if (!number(*stage, result.stage) || (result.stage != 1 && result.stage != 2))
            why = "agent.stage=" + *stage + ": neither 1 nor 2";
    if (const auto seconds = get("agent.watchdog"))
        if (!number(*seconds, result.watchdog) || result.watchdog == 0)
            why = "agent.watchdog=" + *seconds + ": no number of seconds";
    if (const auto then = get("agent.then")) {
        if (*then == "pause")
            result.then = Then::pause;
        else if (*then == "poweroff")
            result.then = Then::poweroff;
        else if (*then != "kexec")
            why = "agent.then=" + *then + ": not kexec, pause or poweroff";
    }
    return result;
}

}  // namespace agent
