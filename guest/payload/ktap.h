// SPDX-License-Identifier: GPL-2.0-or-later
// KTAP version 1 on the console: results, nested by two spaces, diagnostics as "# " lines. A result's name is
// the same in every run; what was measured comes behind it.
//
//   KTAP version 1
//   1..2
//     KTAP version 1
//     1..1
//     ok 1 inner # 206 MiB
//   ok 1 outer
//   not ok 2 other
//
// Each level has a plan; what gave more or fewer results than planned has failed.
#pragma once

#include "guest/payload/print.h"

namespace guest {

class Ktap {
public:
    constexpr Ktap() = default;

    // The document, of `plan` results.
    void begin(std::uint64_t plan);
    // The same document where another life left it, after `given` results.
    void resume(std::uint64_t plan, std::uint64_t given) { levels_[0] = {plan, given, 0}; }

    // A result at the present depth; returns `passed`. `details` are shown behind the name.
    template <typename Name, typename... Details>
    bool check(bool passed, const Name &name, const Details &...details) {
        Line line;
        result(line, passed);
        const std::size_t from = line.text().size();
        line.put(name);
        if (!passed)
            remember(line.text().data() + from, line.text().size() - from);
        if constexpr (sizeof...(details) > 0) {
            line.put(" # ");
            (line.put(details), ...);
        }
        line.flush();
        return passed;
    }

    // A test made of tests: what comes until end_subtest, which gives the result line.
    void begin_subtest(std::uint64_t plan);
    // The same in two steps, for a result that another life gives: false if a test failed or is missing.
    bool close_subtest();
    template <typename Name, typename... Details>
    bool end_subtest(const Name &name, const Details &...details) {
        const bool passed = close_subtest();
        return check(passed, name, details...);
    }

    template <typename... Args>
    void note(const Args &...args) {
        Line line;
        indent(line);
        line.put("# ");
        (line.put(args), ...);
        line.flush();
    }

    // The totals line of the subtests, as kselftest has it.
    void totals();

    // Whether every result so far was good, and none is missing at the present depth.
    bool passed() const { return !failed_ && complete(); }
    bool failed() const { return failed_; }
    // The first failure in words.
    std::string_view first_failure() const { return {first_failure_, first_failure_size_}; }
    // Whatever went wrong outside of a test, or says more than a test's name. Only the first counts.
    template <typename... Args>
    void blame(const Args &...args) {
        Line line;
        (line.put(args), ...);
        remember(line.text().data(), line.text().size());
    }

private:
    static constexpr unsigned max_depth = 4;
    struct Level {
        std::uint64_t plan = 0;
        std::uint64_t number = 0;
        std::uint64_t failed = 0;
    };

    bool complete() const { return levels_[depth_].number == levels_[depth_].plan; }
    void announce();
    void indent(Line &line) const;
    void result(Line &line, bool passed);
    void remember(const char *text, std::size_t size);

    Level levels_[max_depth];
    unsigned depth_ = 0;
    bool failed_ = false;
    std::uint64_t pass_ = 0, fail_ = 0;  // of subtests
    char first_failure_[200] = {};
    std::size_t first_failure_size_ = 0;
};

}  // namespace guest
