// SPDX-License-Identifier: GPL-2.0-or-later
#include "guest/payload/start.h"

#include <gtest/gtest.h>

namespace guest {
namespace {

TEST(Start, OnlyTheFirstKernelMayFindNothing) {
    const struct {
        const char *what;
        std::uint64_t kexecs;
        bool handover, malformed, ours, found;
        Start expected;
    } cases[] = {
        {"power-on", 0, false, false, false, false, Start::cold_boot},
        {"a handover that the device did not count, Linux's", 0, true, false, false, false, Start::foreign},
        {"one of Linux's after a kexec of the device", 1, true, false, false, false, Start::foreign},
        {"a handover that was handed on", 1, true, false, true, true, Start::foreign},
        {"the second kernel", 1, true, false, true, false, Start::after_kexec},
        {"the second kernel without a handover", 1, false, false, false, false, Start::lost},
        {"the last kernel without a handover", ~std::uint64_t{0}, false, false, false, false, Start::lost},
        {"a malformed node", 1, false, true, false, false, Start::malformed},
        {"a malformed node beside a good one", 1, true, true, true, false, Start::malformed},
        {"a malformed node at power-on", 0, false, true, false, false, Start::malformed},
    };
    for (const auto &c : cases)
        EXPECT_EQ(start_of(c.kexecs, c.handover, c.malformed, c.ours, c.found), c.expected) << c.what;
}

}  // namespace
}  // namespace guest
