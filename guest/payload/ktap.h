// SPDX-License-Identifier: GPL-2.0-or-later
// KTAP version 1 on the console: results, nested by two spaces, diagnostics as "# " lines.
//
//   KTAP version 1
//   1..2
//     KTAP version 1
//     1..1
//     ok 1 inner
//   ok 1 outer
//   not ok 2 other
#pragma once

#include "guest/payload/print.h"

namespace guest {

class Ktap {
public:
    constexpr Ktap() = default;

    void begin(unsigned plan);

    // A result at the present depth; returns `passed`.
    template <typename... Args>
    bool check(bool passed, const Args &...args) {
        Line line;
        result(line, passed);
        const std::size_t from = line.text().size();
        (line.put(args), ...);
        if (!passed)
            remember(line.text().data() + from, line.text().size() - from);
        line.flush();
        return passed;
    }

    // What does not apply, and why; counts as neither passed nor failed.
    void skip(std::string_view name, std::string_view why);

    // A test made of tests: what comes until end_subtest, which gives the result line.
    void begin_subtest(std::string_view name, unsigned plan);
    bool end_subtest();

    template <typename... Args>
    void note(const Args &...args) {
        Line line;
        indent(line);
        line.put("# ");
        (line.put(args), ...);
        line.flush();
    }

    // The totals line, as kselftest has it.
    void totals();

    bool failed() const { return fail_ > 0; }
    unsigned failures() const { return fail_; }
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
        std::string_view name;
        unsigned number = 0;
        unsigned failed = 0;
    };

    void indent(Line &line) const;
    void result(Line &line, bool passed);
    void remember(const char *text, std::size_t size);

    Level levels_[max_depth];
    unsigned depth_ = 0;
    unsigned pass_ = 0, fail_ = 0, skip_ = 0;
    char first_failure_[200] = {};
    std::size_t first_failure_size_ = 0;
};

}  // namespace guest
