// SPDX-License-Identifier: GPL-2.0-or-later
// Recordings put back into a fresh machine, in every format: what one payload handed over is found by
// another, which knows of it only what the manifest says.
#include "vm.h"

namespace {

using harness::Machine;
using harness::Outcome;
using vm::Image;

class Replay : public testing::TestWithParam<const char *> {};

// A machine that begins with `recording`; `more` are device options.
Machine replay(const std::string &recording, const std::string &more = "") {
    Machine machine = vm::machine(Image::elf, "");
    machine.device_options = "handover=" + recording + ",kernel=" + harness::payload_bzimage() + more;
    return machine;
}

testing::AssertionResult taken(const Outcome &outcome) {
    if (outcome.exit_status != 0 ||
        harness::lines_with(outcome.console, "PASS Linux -> payload: ").size() != 1 ||
        !harness::lines_with(outcome.console, "not ok").empty())
        return testing::AssertionFailure() << outcome.report();
    return testing::AssertionSuccess();
}

TEST_P(Replay, IsTakenWithEveryByteInAFreshMachineAndRecordsTheSameAgain) {
    const std::string release = GetParam();
    const TemporaryFolder folder;
    const std::string first = folder.file("first.core"), second = folder.file("second.core");
    Machine machine = vm::machine(Image::elf, "lives=2 cycle=0 manifest=1");
    machine.device_options = "release=" + release + ",record=" + first;
    ASSERT_TRUE(vm::passed(harness::run(machine)));

    const Outcome outcome = harness::run(replay(first, ",record=" + second));
    ASSERT_TRUE(taken(outcome));
    EXPECT_EQ(harness::lines_with(outcome.console,
                                  "manifest # scenario payload, from payload: 143 files as written")
                  .size(),
              1u)
        << outcome.report();
    // What was put in place is recorded again: the same memory, and the same in it.
    const auto a = kho::ElfCore::open(first), b = kho::ElfCore::open(second);
    ASSERT_TRUE(a.ok()) << a.error().message();
    ASSERT_TRUE(b.ok()) << b.error().message();
    ASSERT_EQ(a.value().memory(), b.value().memory());
    for (const kho::Range &range : a.value().memory().ranges()) {
        std::vector<std::byte> one(range.size), other(range.size);
        ASSERT_TRUE(a.value().read(range.start, one).ok());
        ASSERT_TRUE(b.value().read(range.start, other).ok());
        EXPECT_TRUE(one == other) << std::hex << value(range.start);
    }
    EXPECT_EQ(b.value().header().release, release == "7.3" ? "7.2" : release)
        << "of the first that writes it";
}

INSTANTIATE_TEST_SUITE_P(Formats, Replay, testing::Values("6.19", "7.0", "7.1", "7.2", "7.3"),
                         [](const auto &test) {
                             std::string name = test.param;
                             name[name.find('.')] = '_';
                             return "Of" + name;
                         });

// Each refusal ends as a failure that says why, and names the status.
struct Refused {
    const char *name;
    const char *status;
    void (*damage)(const std::string &file);
};
void PrintTo(const Refused &c, std::ostream *out) { *out << c.name; }

class RefusedReplay : public testing::TestWithParam<Refused> {};

TEST_P(RefusedReplay, IsAFailureThatSaysWhy) {
    const TemporaryFolder folder;
    const std::string file = folder.file("handover.core");
    Machine machine = vm::machine(Image::elf, "lives=2 files=1M");
    machine.device_options = "record=" + file;
    ASSERT_TRUE(vm::passed(harness::run(machine)));
    GetParam().damage(file);
    const Outcome outcome = harness::run(replay(file));
    EXPECT_EQ(outcome.exit_status, 1) << outcome.report();
    EXPECT_EQ(
        harness::lines_with(outcome.console, std::string("FAIL Linux -> payload: handing on was refused: ") +
                                                 GetParam().status)
            .size(),
        1u)
        << outcome.report();
}

void overwrite(const std::string &file, std::uint64_t at, const std::string &bytes) {
    std::string content = TemporaryFolder::contents(file);
    content.replace(at, bytes.size(), bytes);
    TemporaryFolder::write(file, content);
}

constexpr Refused refused[] = {
    {"NotThere", "recording_unreadable", [](const std::string &file) { std::filesystem::remove(file); }},
    {"NoCoreFile", "recording_malformed", [](const std::string &file) { overwrite(file, 0, "ELF?"); }},
    {"Cut", "recording_malformed",
     [](const std::string &file) {
         std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
     }},
    {"OfAnUnknownVersion", "handover_malformed",
     [](const std::string &file) {
         const std::string content = TemporaryFolder::contents(file);
         overwrite(file, content.find(std::string("kho-v1\0", 7)), "kho-v9");
     }},
};
INSTANTIATE_TEST_SUITE_P(Recordings, RefusedReplay, testing::ValuesIn(refused),
                         [](const auto &test) { return std::string(test.param.name); });

TEST(Replay, IntoAMachineWithLessMemoryIsRefused) {
    const TemporaryFolder folder;
    const std::string file = folder.file("handover.core");
    Machine machine = vm::machine(Image::elf, "lives=2 files=1M");
    machine.memory = "1G";
    machine.device_options = "record=" + file;
    ASSERT_TRUE(vm::passed(harness::run(machine)));
    const Outcome outcome = harness::run(replay(file));
    EXPECT_EQ(outcome.exit_status, 1);
    EXPECT_EQ(harness::lines_with(outcome.console, "handing on was refused: ").size(), 2u)
        << outcome.report();
}

}  // namespace
