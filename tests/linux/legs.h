// SPDX-License-Identifier: GPL-2.0-or-later
// A kernel and a scenario, as a parameter of tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "linux_guest.h"

struct Leg {
    const char *release;
    const char *scenario;
};

inline void PrintTo(const Leg &leg, std::ostream *out) { *out << leg.release << " " << leg.scenario; }

// "7_3_many_files"
inline std::string name_of(const testing::TestParamInfo<Leg> &test) {
    std::string name = std::string(test.param.release) + "_" + test.param.scenario;
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == '.' || c == '-'; }, '_');
    return name;
}

// The kernel's bzImage in `path`, or the test is skipped.
#define KERNEL_OR_SKIP(path, release)                        \
    const std::string path = harness::linux_kernel(release); \
    if (path.empty())                                        \
    GTEST_SKIP() << "KHO_KERNELS does not name a folder with bzImage-" << (release)
