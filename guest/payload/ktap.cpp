// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/payload/ktap.h"

#include <algorithm>

namespace guest {

void Ktap::indent(Line &line) const {
    for (unsigned i = 0; i < depth_; i++) line.put("  ");
}

void Ktap::begin(unsigned plan) {
    Line line;
    indent(line);
    line.put("KTAP version 1");
    line.flush();
    indent(line);
    line.put("1..");
    line.put(plan);
    line.flush();
}

void Ktap::result(Line &line, bool passed) {
    Level &level = levels_[depth_];
    indent(line);
    line.put(passed ? "ok " : "not ok ");
    line.put(++level.number);
    line.put(' ');
    (passed ? pass_ : fail_)++;
    level.failed += passed ? 0 : 1;
}

void Ktap::skip(std::string_view name, std::string_view why) {
    Line line;
    indent(line);
    line.put("ok ");
    line.put(++levels_[depth_].number);
    line.put(' ');
    line.put(name);
    line.put(" # SKIP ");
    line.put(why);
    line.flush();
    skip_++;
}

void Ktap::begin_subtest(std::string_view name, unsigned plan) {
    if (depth_ + 1 < max_depth)
        depth_++;
    levels_[depth_] = {name, 0, 0};
    begin(plan);
}

bool Ktap::end_subtest() {
    const Level level = levels_[depth_];
    if (depth_ > 0)
        depth_--;
    return check(level.failed == 0, level.name);
}

void Ktap::totals() {
    say("# Totals: pass:", pass_, " fail:", fail_, " xfail:0 xpass:0 skip:", skip_, " error:0");
}

void Ktap::remember(const char *text, std::size_t size) {
    if (first_failure_size_ != 0)
        return;
    first_failure_size_ = std::min(size, sizeof(first_failure_));
    std::copy_n(text, first_failure_size_, first_failure_);
}

}  // namespace guest
