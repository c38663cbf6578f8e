// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/luo/handlers/test_calls.h"

namespace guest {

namespace {

struct Described {
    std::string_view name;
    bool can_fail;
};

constexpr Described callbacks[callback_count] = {
    {"preserve", true},     {"unpreserve", false},     {"freeze", true},     {"unfreeze", false},
    {"check", true},        {"retrieve", true},        {"can_finish", true}, {"finish", false},
    {"flb_preserve", true}, {"flb_unpreserve", false}, {"flb_check", true},  {"flb_retrieve", true},
    {"flb_finish", false},
};

}  // namespace

std::string_view name(Callback callback) { return callbacks[static_cast<unsigned>(callback)].name; }

void TestCalls::fail_never() {
    any_ = {};
    for (Failure &failure : failures_) failure = {};
}

bool TestCalls::failure_pending() const {
    for (const Failure &failure : failures_)
        if (failure.in != 0)
            return true;
    return any_.in != 0;
}

Errno TestCalls::called(Callback callback, std::uint64_t id, std::int32_t retrieve_status) {
    const auto which = static_cast<unsigned>(callback);
    counts_[which]++;
    if (trace_size_ < traced)
        trace_[trace_size_++] = {callback, retrieve_status, id};
    if (!callbacks[which].can_fail)
        return Errno::ok;
    const Errno any = any_.count_down();
    const Errno own = failures_[which].count_down();
    return own != Errno::ok ? own : any;
}

}  // namespace guest
