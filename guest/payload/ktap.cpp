// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/payload/ktap.h"

#include <algorithm>

namespace guest {

void Ktap::indent(Line &line) const {
    for (unsigned i = 0; i < depth_; i++) line.put("  ");
}

void Ktap::announce() {
    Line line;
    indent(line);
    line.put("KTAP version 1");
    line.flush();
    indent(line);
    line.put("1..");
    line.put(levels_[depth_].plan);
    line.flush();
}

void Ktap::begin(std::uint64_t plan) {
    levels_[0] = {plan, 0, 0};
    announce();
}

void Ktap::result(Line &line, bool passed) {
    Level &level = levels_[depth_];
    indent(line);
    line.put(passed ? "ok " : "not ok ");
    line.put(++level.number);
    line.put(' ');
    if (depth_ > 0)
        (passed ? pass_ : fail_)++;
    level.failed += passed ? 0 : 1;
    failed_ = failed_ || !passed;
}

void Ktap::begin_subtest(std::uint64_t plan) {
    if (depth_ + 1 < max_depth)
        depth_++;
    levels_[depth_] = {plan, 0, 0};
    announce();
}

bool Ktap::close_subtest() {
    const Level &level = levels_[depth_];
    if (!complete()) {
        note(level.number, " results instead of ", level.plan);
        blame(level.number, " results instead of the ", level.plan, " that were planned");
    }
    const bool passed = complete() && level.failed == 0;
    if (depth_ > 0)
        depth_--;
    return passed;
}

void Ktap::totals() { note("Totals: pass:", pass_, " fail:", fail_, " xfail:0 xpass:0 skip:0 error:0"); }

void Ktap::remember(const char *text, std::size_t size) {
    if (first_failure_size_ != 0)
        return;
    first_failure_size_ = std::min(size, sizeof(first_failure_));
    std::copy_n(text, first_failure_size_, first_failure_);
}

}  // namespace guest
