// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/payload/crash.h"

#include "guest/arch/arch.h"

namespace guest {

namespace {

void read_null() {
    const volatile std::uint64_t *volatile null = nullptr;
    static_cast<void>(*null);
}

void undefined_instruction() { __builtin_trap(); }

// Not a tail call, a frame that is used, and an end that is far below any stack.
[[gnu::noinline]] std::uint64_t recurse(std::uint64_t depth) {
    volatile std::uint64_t frame[64];
    frame[depth % 64] = depth;
    return depth == 0 ? 0 : recurse(depth - 1) + frame[depth % 64];
}
void overflow_stack() { static_cast<void>(recurse(std::uint64_t{1} << 32)); }

// The watchdog's interrupt ends it.
void hang() {
    for (;;) static_cast<void>(arch::ticks());
}

struct Way {
    std::string_view name;
    void (*die)();
};

constexpr Way ways[] = {
    {"null", read_null},
    {"undefined", undefined_instruction},
    {"stack", overflow_stack},
    {"hang", hang},
    {"triple-fault", arch::triple_fault},
    {"bail-out", [] { payload_bail_out("crash=bail-out"); }},
};

}  // namespace

bool crash(std::string_view name) {
    for (const Way &way : ways) {
        if (way.name == name)
            way.die();
    }
    return false;
}

}  // namespace guest
