// SPDX-License-Identifier: GPL-2.0-or-later
// The guest's test handler and FLB with what is handy on the host: callbacks that can be taken out, and calls
// as text.
#pragma once

#include <string>
#include <vector>

#include "guest/luo/handlers/test_files.h"
#include "tests/unit/guest/machine.h"

namespace guest {

using Log = std::vector<std::string>;

// What was called since the last time: "freeze 3", "finish - 0" (no file, not retrieved), "flb_preserve 1".
inline Log take_log(TestCalls &calls) {
    Log log;
    for (const TestCalls::Call &call : calls.trace()) {
        std::string text(name(call.callback));
        text += call.id == TestCalls::nothing ? " -" : " " + std::to_string(call.id);
        if (call.callback == Callback::finish)
            text += " " + std::to_string(call.retrieve_status);
        log.push_back(text);
    }
    calls.clear_trace();
    return log;
}

// Handlers and FLBs whose tables can be changed.
template <typename Base, typename Ops>
struct Changeable : Base {
    Changeable() = default;
    Changeable(const Changeable &) = delete;
    Changeable &operator=(const Changeable &) = delete;

    Ops ops_table;
    void own_table() {
        ops_table = *this->ops;
        this->ops = &ops_table;
    }
};

struct HostHandler : Changeable<TestHandler, FileOps> {
    HostHandler(Pages &pages, TestFiles &files, TestCalls &calls, std::string_view name = "test-v1") {
        init(pages, files, calls, name);
        own_table();
    }
};

struct HostFlb : Changeable<TestFlb, FlbOps> {
    HostFlb(Pages &pages, TestCalls &calls, std::string_view name, std::uint64_t id) {
        init(pages, calls, name, id);
        own_table();
    }
};

}  // namespace guest
