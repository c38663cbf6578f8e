// SPDX-License-Identifier: GPL-2.0-or-later
// What the in-VM tests share: a machine with the payload, and its verdict.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "fdt/file/elf_core.h"
#include "ktap.h"
#include "qemu_process.h"
#include "tests/temporary_folder.h"

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
    if (const std::string fault = ktap_fault(outcome.console); !fault.empty())
        return testing::AssertionFailure() << fault << outcome.report();
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
    std::string file() const { return directory_.file("handover.core"); }
    harness::Outcome outcome;

private:
    TemporaryFolder directory_;
};

}  // namespace vm
