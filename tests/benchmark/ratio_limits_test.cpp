// SPDX-License-Identifier: GPL-2.0-or-later
// The arithmetic of limits with made-up figures, the table itself, and what the README says of it.
#include "ratio_limits.h"

#include <gtest/gtest.h>

#include <cmath>
#include <regex>
#include <sstream>

#include "tests/temporary_folder.h"

namespace limits {
namespace {

const Limit twice{.name = "a / b", .cost = "A", .of = "B#plain_s", .limit = 2, .noise = 10, .why = "made up"};

TEST(Judge, NoiseIsAddedToTheLimit) {
    const std::set<std::string> ran{"A", "B"};
    const struct {
        double cost, of;
        Verdict verdict;
    } cases[] = {
        {1, 1, Verdict::ok},
        {2, 1, Verdict::ok},
        {2.19, 1, Verdict::ok},
        {2.21, 1, Verdict::exceeded},
        {219, 100, Verdict::ok},
        {221, 100, Verdict::exceeded},
        {0, 1, Verdict::ok},
        {1, 0, Verdict::no_figure},
        {1, -1, Verdict::no_figure},
        {std::nan(""), 1, Verdict::no_figure},
        {1, std::nan(""), Verdict::no_figure},
    };
    for (const auto &c : cases) {
        const Ratio ratio = judge(twice, {{"A", c.cost}, {"B#plain_s", c.of}}, ran);
        EXPECT_EQ(ratio.verdict, c.verdict) << c.cost << " / " << c.of;
        if (c.verdict != Verdict::no_figure) {
            EXPECT_DOUBLE_EQ(ratio.measured, c.cost / c.of);
        }
    }
}

TEST(Judge, ABenchmarkThatDidNotRunIsNoFailureButAMissingCounterIs) {
    const Figures figures{{"A", 1}, {"B#plain_s", 1}};
    EXPECT_EQ(judge(twice, figures, {"A"}).verdict, Verdict::not_measured);
    EXPECT_EQ(judge(twice, figures, {"B"}).verdict, Verdict::not_measured);
    EXPECT_EQ(judge(twice, {{"A", 1}, {"B", 1}}, {"A", "B"}).verdict, Verdict::no_figure);
}

TEST(Report, TellsTheWorstInItsStatus) {
    Limit once = twice, absent = twice, wrong = twice;
    once.name = "once", once.limit = 1;
    absent.name = "absent", absent.of = "C";
    wrong.name = "wrong", wrong.of = "B#plane_s";
    const Figures figures{{"A", 1.5}, {"B#plain_s", 1}};
    const struct {
        std::vector<Limit> limits;
        int status;
        std::vector<const char *> lines;
    } cases[] = {
        {{}, 0, {}},
        {{twice, absent}, 0, {"a / b +1.5 +2 +10% +ok", "absent +- +2 +10% +not measured"}},
        {{once, twice}, 1, {"once +1.5 +1 +10% +EXCEEDED", "a / b +1.5 +2 +10% +ok"}},
        {{wrong, once}, 2, {"wrong +- +2 +10% +NO FIGURE: A, B#plane_s", "once +1.5 +1 +10% +EXCEEDED"}},
    };
    for (const auto &c : cases) {
        std::ostringstream out;
        EXPECT_EQ(report(out, c.limits, figures, {"A", "B"}), c.status);
        for (const char *line : c.lines)
            EXPECT_TRUE(std::regex_search(out.str(), std::regex("\n" + std::string(line) + "\n")))
                << line << "\n"
                << out.str();
    }
}

TEST(UnknownBenchmarks, AreNamedWithTheirLimit) {
    EXPECT_EQ(unknown_benchmarks({twice}, {"A", "B"}), std::vector<std::string>{});
    EXPECT_EQ(unknown_benchmarks({twice}, {"A"}), std::vector<std::string>{"a / b: there is no benchmark B"});
}

TEST(Table, AppliesAnEntryToEach) {
    const Table table = read_table(R"({"p_benchmark": [{"ratio": "r", "each": ["1", "22"], "cost": "A/{}",
        "of": "A/{}#plain_s", "limit": 2, "noise": 5, "why": "w"}], "q_benchmark": []})");
    EXPECT_EQ(table.written.at("p_benchmark").size(), 1u);
    const auto &expanded = table.expanded.at("p_benchmark");
    ASSERT_EQ(expanded.size(), 2u);
    EXPECT_EQ(expanded[1].name, "r [22]");
    EXPECT_EQ(expanded[1].cost, "A/22");
    EXPECT_EQ(expanded[1].of, "A/22#plain_s");
    EXPECT_EQ(expanded[1].limit, 2);
    EXPECT_TRUE(table.expanded.at("q_benchmark").empty());
}

TEST(Table, RefusesWhatItDoesNotUnderstand) {
    const std::string sound =
        R"({"p": [{"ratio": "r", "cost": "A", "of": "B", "limit": 2, "noise": 5, "why": "w"}]})";
    EXPECT_NO_THROW(read_table(sound));
    const std::pair<const char *, const char *> changes[] = {
        {R"({"p": [)", ""},
        {R"({"p": [)", R"({"p": 1, "q": [)"},
        {R"([{)", R"([3, {)"},
        {R"("ratio": "r", )", ""},
        {R"("ratio": "r")", R"("ratio": "")"},
        {R"("cost")", R"("costs")"},
        {R"("of": "B")", R"("of": "A")"},
        {R"("of": "B")", R"("of": "B{}")"},
        {R"("of": "B")", R"("of": "B", "each": ["1"])"},
        {R"("of": "B")", R"("of": "B{}", "each": [])"},
        {R"("of": "B")", R"("of": "B{}", "each": [1])"},
        {R"("limit": 2)", R"("limit": "2")"},
        {R"("limit": 2)", R"("limit": 0)"},
        {R"("noise": 5)", R"("noise": -5)"},
        {R"("noise": 5)", R"("noise": 101)"},
        {R"(, "why": "w")", ""},
        {R"("why": "w"})",
         R"("why": "w"}, {"ratio": "r", "cost": "C", "of": "B", "limit": 2, "noise": 5, "why": "w"})"},
    };
    for (const auto &[from, to] : changes) {
        std::string changed = sound;
        ASSERT_NE(changed.find(from), std::string::npos) << from;
        changed.replace(changed.find(from), std::string_view(from).size(), to);
        EXPECT_THROW(read_table(changed), Malformed) << changed;
    }
}

// What the cells of this row hold, without white space around.
std::vector<std::string> cells(const std::string &line) {
    std::vector<std::string> result;
    std::istringstream row(line.substr(1));
    for (std::string cell; std::getline(row, cell, '|');)
        result.push_back(std::regex_replace(cell, std::regex("^ +| +$"), ""));
    return result;
}

std::string plain(double value) {
    std::ostringstream out;
    out << value;
    return out.str();
}

// The rows `ratio | measured | limit | noise` of tests/README.md, and limits that its sentences name.
TEST(Readme, StatesTheLimitsOfTheTableAndNoOther) {
    std::map<std::string, std::vector<std::string>> expected;
    std::set<std::string> values;
    for (const auto &[program, limits] : read_table(TemporaryFolder::contents(LIMITS_JSON)).written)
        for (const Limit &limit : limits) {
            expected[limit.name] = {plain(limit.limit), plain(limit.noise) + " %"};
            values.insert(plain(limit.limit));
        }
    ASSERT_FALSE(expected.empty());

    const std::string readme = TemporaryFolder::contents(README);
    const std::size_t from = readme.find("\n## Benchmarks\n");
    ASSERT_NE(from, std::string::npos);
    const std::string section = readme.substr(from, readme.find("\n## ", from + 1) - from);
    std::map<std::string, std::vector<std::string>> stated;
    std::istringstream lines(section);
    std::string sentences;
    bool inside = false;
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("|")) {
            inside = false;
            sentences += line + " ";
            continue;
        }
        const auto row = cells(line);
        if (inside && row.size() == 4 && !row[0].starts_with("---"))
            stated[row[0]] = {row[2], row[3]};
        inside = inside || row == std::vector<std::string>{"ratio", "measured", "limit", "noise"};
    }
    EXPECT_EQ(stated, expected);
    const std::regex limit(R"(\blimit (?:of |is )?(\d+(?:\.\d+)?))");
    for (std::sregex_iterator it(sentences.begin(), sentences.end(), limit), end; it != end; ++it)
        EXPECT_TRUE(values.contains((*it)[1])) << it->str();
}

}  // namespace
}  // namespace limits
