// SPDX-License-Identifier: GPL-2.0-or-later
// Benchmark programs as they are called: their flags, what they print of limits, and their exit status. Only the
// made-up one measures, and what it measures is made up.
#include <gtest/gtest.h>

#include <cstdlib>
#include <regex>
#include <set>
#include <sstream>

#include "ratio_limits.h"
#include "tests/temporary_folder.h"
#include "tests/tool/run.h"

namespace limits {
namespace {

using kho::test::Ran;
using kho::test::run;

std::string entry(const std::string &name, const std::string &cost, const std::string &of, double limit) {
    std::ostringstream out;
    out << R"({"ratio": ")" << name << R"(", "cost": ")" << cost << R"(", "of": ")" << of << R"(", "limit": )"
        << limit << R"(, "noise": 10, "why": "made up"})";
    return out.str();
}

class MadeUp : public testing::Test {
protected:
    Ran measure(const std::vector<std::string> &entries, std::vector<std::string> more) const {
        std::string table;
        for (const std::string &one : entries) table += (table.empty() ? "" : ", ") + one;
        const std::string path = folder.file("limits.json");
        TemporaryFolder::write(path, R"({"made_up_benchmark": [)" + table + "]}");
        more.insert(more.begin(), {MADE_UP_BENCHMARK, "--limits=" + path});
        return run(more);
    }
    static bool printed(const Ran &ran, const std::string &line) {
        return std::regex_search(ran.err, std::regex("(^|\n)" + line + "\n"));
    }
    const TemporaryFolder folder;
    const std::string sound = "--benchmark_filter=Cost|Other";
};

TEST_F(MadeUp, MediansOfRepetitionsAreDivided) {
    // 2 s by 1 s, and 4 s by 2 s.
    const Ran ran = measure({entry("counter", "Cost/files:3", "Cost/files:3#plain_s", 1.9),
                             entry("times", "Other", "Cost/files:3", 2)},
                            {sound});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_TRUE(printed(ran, "counter +2 +1.9 +10% +ok")) << ran.err;
    EXPECT_TRUE(printed(ran, "times +2 +2 +10% +ok")) << ran.err;
}

TEST_F(MadeUp, OneRepetitionIsItsOwnMedian) {
    const std::vector<std::string> limits{entry("counter", "Cost/files:3", "Cost/files:3#plain_s", 90)};
    const Ran ran = measure(limits, {sound, "--benchmark_repetitions=1"});
    EXPECT_EQ(ran.status, 1) << ran.err;
    EXPECT_TRUE(printed(ran, "counter +100 +90 +10% +EXCEEDED")) << ran.err;
}

TEST_F(MadeUp, AnExceededLimitIsStatus1) {
    const Ran ran = measure({entry("times", "Other", "Cost/files:3", 1.8)}, {sound});
    EXPECT_EQ(ran.status, 1) << ran.err;
    EXPECT_TRUE(printed(ran, "times +2 +1.8 +10% +EXCEEDED")) << ran.err;
}

TEST_F(MadeUp, WhatIsFilteredOutOrAbsentIsNotMeasured) {
    const Ran ran =
        measure({entry("filtered", "Other", "Cost/files:3", 0.1), entry("absent", "Other", "Absent", 0.1)},
                {"--benchmark_filter=Other"});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_TRUE(printed(ran, "filtered +- +0.1 +10% +not measured")) << ran.err;
    EXPECT_TRUE(printed(ran, "absent +- +0.1 +10% +not measured")) << ran.err;
}

TEST_F(MadeUp, ARepetitionThatFailsIsStatus1) {
    EXPECT_EQ(measure({}, {"--benchmark_filter=FailsOnce"}).status, 1);
    EXPECT_EQ(measure({}, {sound}).status, 0);
}

TEST_F(MadeUp, ABenchmarkThatThrowsIsStatus1AfterTheVerdicts) {
    const Ran ran = measure({entry("times", "Other", "Cost/files:3", 2)}, {sound + "|Throws"});
    EXPECT_EQ(ran.status, 1) << ran.err;
    EXPECT_TRUE(printed(ran, "a benchmark failed: made up too")) << ran.err;
    EXPECT_TRUE(printed(ran, "times +2 +2 +10% +ok")) << ran.err;
}

TEST_F(MadeUp, ATypoIsStatus2) {
    const Ran benchmark = measure({entry("r", "Othr", "Cost/files:3", 2)}, {"--benchmark_filter=Cost"});
    EXPECT_EQ(benchmark.status, 2);
    EXPECT_NE(benchmark.err.find("r: there is no benchmark Othr"), std::string::npos) << benchmark.err;
    EXPECT_EQ(benchmark.out, "") << "it is found before anything is measured";

    const Ran counter = measure({entry("r", "Cost/files:3", "Cost/files:3#plane_s", 2)}, {sound});
    EXPECT_EQ(counter.status, 2);
    EXPECT_TRUE(printed(counter, "r +- +2 +10% +NO FIGURE: Cost/files:3, Cost/files:3#plane_s"))
        << counter.err;

    EXPECT_EQ(measure({}, {"--benchmark_filtre=Cost"}).status, 2);
    EXPECT_EQ(measure({}, {"--benchmark_filter=Csot"}).status, 2);
    EXPECT_EQ(measure({"{}"}, {sound}).status, 2);
    EXPECT_EQ(measure({}, {"--limits=/nonexistent"}).status, 2);
}

TEST_F(MadeUp, AProgramThatTheTableDoesNotNameIsStatus2) {
    EXPECT_EQ(run({MADE_UP_BENCHMARK, sound}).status, 2);
}

TEST_F(MadeUp, TheFlagsOfTheLibraryWork) {
    const Ran json =
        measure({entry("times", "Other", "Cost/files:3", 2)}, {sound, "--benchmark_format=json"});
    EXPECT_EQ(json.status, 0) << json.err;
    EXPECT_TRUE(json.out.starts_with("{") && json.out.ends_with("}\n")) << json.out;
    const Ran names = measure({}, {"--benchmark_list_tests"});
    EXPECT_EQ(names.status, 0) << names.err;
    EXPECT_EQ(names.out,
              "Cost/files:3/iterations:1/manual_time\nOther/iterations:1/manual_time\n"
              "FailsOnce/iterations:1/manual_time\nThrows/iterations:1\n");
    const Ran medians =
        measure({entry("times", "Other", "Cost/files:3", 2)}, {sound, "--benchmark_report_aggregates_only"});
    EXPECT_TRUE(printed(medians, "times +2 +2 +10% +ok")) << medians.err;
}

TEST_F(MadeUp, LimitsAreListedWithoutMeasuring) {
    const Ran ran = measure({entry("times", "Other", "Cost/files:3", 1.8)}, {"--list-limits"});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_EQ(ran.out, "times: at most 1.8, noise 10%\n    Other\n    / Cost/files:3\n    made up\n");
}

// Each knows every benchmark that the table names of it, with whatever is missing on this host.
TEST(Programs, HaveTheBenchmarksOfTheTable) {
    unsetenv("KHO_KERNELS");
    const Table table = read_table(TemporaryFolder::contents(LIMITS_JSON));
    std::set<std::string> built;
    std::istringstream paths(std::getenv("KHO_BENCHMARKS"));
    for (std::string path; std::getline(paths, path, ':');) {
        const std::string name = path.substr(path.rfind('/') + 1);
        built.insert(name);
        const Ran ran = run({path, "--list-limits"});
        EXPECT_EQ(ran.status, 0) << name << ": " << ran.err;
        std::ostringstream expected;
        ASSERT_TRUE(table.expanded.contains(name)) << name;
        list(expected, table.expanded.at(name));
        EXPECT_EQ(ran.out, expected.str()) << name;
    }
    for (const auto &[name, limits] : table.written)
        EXPECT_TRUE(built.contains(name)) << name << " is in the table only";
}

}  // namespace
}  // namespace limits
