// SPDX-License-Identifier: GPL-2.0-or-later
#include "ratio_limits.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <ostream>

namespace limits {
namespace {

using Json = nlohmann::json;

constexpr const char *members[] = {"ratio", "each", "cost", "of", "limit", "noise", "why"};
constexpr const char *columns = "%-62s %9s %7s %6s   %s\n";

std::string text(const Json &entry, const char *member) {
    const auto found = entry.find(member);
    if (found == entry.end() || !found->is_string() || found->get<std::string>().empty())
        throw Malformed("\"" + std::string(member) + "\" is not text in " + entry.dump());
    return found->get<std::string>();
}

double number(const Json &entry, const char *member) {
    const auto found = entry.find(member);
    if (found == entry.end() || !found->is_number())
        throw Malformed("\"" + std::string(member) + "\" is not a number in " + entry.dump());
    return found->get<double>();
}

Limit read_limit(const Json &entry) {
    if (!entry.is_object())
        throw Malformed("no object: " + entry.dump());
    for (const auto &[member, value] : entry.items())
        if (std::ranges::find(members, member) == std::end(members))
            throw Malformed("there is no member \"" + member + "\"");
    Limit limit{.name = text(entry, "ratio"),
                .cost = text(entry, "cost"),
                .of = text(entry, "of"),
                .limit = number(entry, "limit"),
                .noise = number(entry, "noise"),
                .why = text(entry, "why")};
    if (!(limit.limit > 0))
        throw Malformed(limit.name + ": the limit is not above 0");
    if (!(limit.noise >= 0 && limit.noise <= 100))
        throw Malformed(limit.name + ": the noise is not from 0 to 100 percent");
    if (limit.cost == limit.of)
        throw Malformed(limit.name + ": divides a figure by itself");
    return limit;
}

std::vector<std::string> read_each(const Json &entry, const Limit &limit) {
    const bool placed = (limit.cost + limit.of).find("{}") != std::string::npos;
    const auto found = entry.find("each");
    if ((found != entry.end()) != placed)
        throw Malformed(limit.name + ": \"each\" and {} belong together");
    if (!placed)
        return {};
    if (!found->is_array() || found->empty() ||
        !std::ranges::all_of(*found, [](const Json &value) { return value.is_string(); }))
        throw Malformed(limit.name + ": \"each\" is not a list of texts");
    return found->get<std::vector<std::string>>();
}

std::string replaced(std::string text, const std::string &value) {
    for (std::size_t at = 0; (at = text.find("{}", at)) != std::string::npos; at += value.size())
        text.replace(at, 2, value);
    return text;
}

std::string formatted(const char *format, double value) {
    char text[32];
    std::snprintf(text, sizeof text, format, value);
    return text;
}

void row(std::ostream &out, const Limit &limit, const std::string &measured, const char *verdict) {
    char text[256];
    std::snprintf(text, sizeof text, columns, limit.name.c_str(), measured.c_str(),
                  formatted("%g", limit.limit).c_str(), (formatted("%g", limit.noise) + "%").c_str(),
                  verdict);
    out << text;
}

void head(std::ostream &out) {
    char text[256];
    std::snprintf(text, sizeof text, columns, "ratio", "measured", "limit", "noise", "");
    out << text;
}

}  // namespace

std::vector<Limit> expand(const Limit &limit, const std::vector<std::string> &each) {
    if (each.empty())
        return {limit};
    std::vector<Limit> result;
    for (const std::string &value : each) {
        result.push_back(limit);
        result.back().name += " [" + value + "]";
        result.back().cost = replaced(limit.cost, value);
        result.back().of = replaced(limit.of, value);
    }
    return result;
}

Table read_table(const std::string &json) {
    const Json parsed = Json::parse(json, nullptr, false, true);
    if (!parsed.is_object())
        throw Malformed("no JSON object");
    Table table;
    std::set<std::string> names;
    for (const auto &[program, entries] : parsed.items()) {
        if (!entries.is_array())
            throw Malformed(program + ": no list of limits");
        auto &written = table.written[program];
        auto &expanded = table.expanded[program];
        for (const Json &entry : entries) {
            const Limit limit = read_limit(entry);
            if (!names.insert(limit.name).second)
                throw Malformed(limit.name + ": is there twice");
            written.push_back(limit);
            for (Limit &one : expand(limit, read_each(entry, limit))) expanded.push_back(std::move(one));
        }
    }
    return table;
}

std::string benchmark_of(const std::string &figure) { return figure.substr(0, figure.find('#')); }

Ratio judge(const Limit &limit, const Figures &figures, const std::set<std::string> &ran) {
    for (const std::string &figure : {limit.cost, limit.of})
        if (!ran.contains(benchmark_of(figure)))
            return {Verdict::not_measured};
    const auto cost = figures.find(limit.cost), of = figures.find(limit.of);
    if (cost == figures.end() || of == figures.end() || !(of->second > 0) || !std::isfinite(cost->second))
        return {Verdict::no_figure};
    const double measured = cost->second / of->second;
    return {measured > limit.highest() ? Verdict::exceeded : Verdict::ok, measured};
}

std::vector<std::string> unknown_benchmarks(const std::vector<Limit> &limits,
                                            const std::set<std::string> &benchmarks) {
    std::vector<std::string> unknown;
    for (const Limit &limit : limits)
        for (const std::string &figure : {limit.cost, limit.of})
            if (!benchmarks.contains(benchmark_of(figure)))
                unknown.push_back(limit.name + ": there is no benchmark " + benchmark_of(figure));
    return unknown;
}

int report(std::ostream &out, const std::vector<Limit> &limits, const Figures &figures,
           const std::set<std::string> &ran) {
    int status = 0;
    if (!limits.empty())
        head(out);
    for (const Limit &limit : limits) {
        const Ratio ratio = judge(limit, figures, ran);
        const std::string measured = formatted("%.3g", ratio.measured);
        switch (ratio.verdict) {
            case Verdict::ok:
                row(out, limit, measured, "ok");
                break;
            case Verdict::exceeded:
                row(out, limit, measured, "EXCEEDED");
                status = std::max(status, 1);
                break;
            case Verdict::not_measured:
                row(out, limit, "-", "not measured");
                break;
            case Verdict::no_figure:
                row(out, limit, "-", ("NO FIGURE: " + limit.cost + ", " + limit.of).c_str());
                status = 2;
                break;
        }
    }
    return status;
}

void list(std::ostream &out, const std::vector<Limit> &limits) {
    for (const Limit &limit : limits)
        out << limit.name << ": at most " << formatted("%g", limit.limit) << ", noise "
            << formatted("%g", limit.noise) << "%\n    " << limit.cost << "\n    / " << limit.of << "\n    "
            << limit.why << '\n';
}

}  // namespace limits
