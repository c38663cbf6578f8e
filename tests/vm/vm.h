// SPDX-License-Identifier: GPL-2.0-or-later
// What the in-VM tests share: a machine with the payload, and its verdict.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "fdt/elf_core.h"
#include "qemu_process.h"

namespace vm {

enum class Image { elf, bzimage };

inline harness::Machine machine(Image image, const std::string &append) {
    harness::Machine m;
    m.kernel = image == Image::elf ? harness::payload_elf() : harness::payload_bzimage();
    m.append = append;
    return m;
}

// Whether the exit status, the verdict line and every KTAP line agree that it was a pass.
inline testing::AssertionResult passed(const harness::Outcome &outcome) {
    if (outcome.exit_status != 0)
        return testing::AssertionFailure() << outcome.report();
    if (harness::lines_with(outcome.console, "PASS payload -> payload: ").size() != 1)
        return testing::AssertionFailure() << "no verdict line\n" << outcome.report();
    if (!harness::lines_with(outcome.console, "not ok").empty())
        return testing::AssertionFailure() << "a test failed, yet it passed\n" << outcome.report();
    return testing::AssertionSuccess();
}

inline testing::AssertionResult failed(const harness::Outcome &outcome) {
    if (outcome.timed_out || outcome.exit_status != 1 ||
        harness::lines_with(outcome.console, "FAIL payload -> payload: ").size() != 1)
        return testing::AssertionFailure() << "expected exit status 1 and one FAIL line\n"
                                           << outcome.report();
    return testing::AssertionSuccess();
}

// A leg of two lives, recorded.
class Recorded {
public:
    explicit Recorded(const std::string &memory = "256M") {
        harness::Machine m = machine(Image::elf, "lives=2");
        m.memory = memory;
        m.device_options = "record=" + file();
        outcome = harness::run(m);
    }
    ~Recorded() { std::filesystem::remove_all(directory_); }
    Recorded(const Recorded &) = delete;
    Recorded &operator=(const Recorded &) = delete;

    std::string file() const { return directory_ + "/handover.core"; }
    harness::Outcome outcome;

private:
    std::string directory_ = [] {
        std::string pattern = std::filesystem::temp_directory_path() / "kho-vm-XXXXXX";
        EXPECT_NE(mkdtemp(pattern.data()), nullptr);
        return pattern;
    }();
};

}  // namespace vm
