// SPDX-License-Identifier: GPL-2.0-or-later
// A next kernel that finds no handover, or one that it cannot read, must not take that for a cold boot: it
// would pass, or go on for ever. It is the payload with a few more instructions before its 64-bit entry.
//
//   payload.elf    │ head: zeroes up to the entry │ entry │        copy    │ zeroes │ shim │ entry │
//                                                  ^ e_entry                         ^ e_entry
#include <fstream>
#include <iterator>

#include "vm.h"

namespace {

using harness::Machine;
using harness::Outcome;

// RSI is the address of boot_params, whose u64 at 0x250 is the address of the first setup_data node.
//   movq $0, 0x250(%rsi)
const std::string no_nodes("\x48\xc7\x86\x50\x02\x00\x00\x00\x00\x00\x00", 11);
//   mov 0x250(%rsi), %rax;  movl $31, 12(%rax)
const std::string short_node("\x48\x8b\x86\x50\x02\x00\x00\xc7\x40\x0c\x1f\x00\x00\x00", 14);

class Shimmed {
public:
    explicit Shimmed(const std::string &shim) {
        std::ifstream in(harness::payload_elf(), std::ios::binary);
        std::string elf{std::istreambuf_iterator<char>(in), {}};
        const auto field = [&](std::size_t at) {
            std::uint64_t v = 0;
            elf.copy(reinterpret_cast<char *>(&v), sizeof(v), at);
            return v;
        };
        const std::uint64_t entry = field(24), first_segment = field(32);
        const std::uint64_t offset = entry - field(first_segment + 16) + field(first_segment + 8);
        const std::size_t from = offset - shim.size();
        if (elf.substr(from, shim.size()) != std::string(shim.size(), '\0')) {
            ADD_FAILURE() << "no room before the entry";
            return;
        }
        elf.replace(from, shim.size(), shim);
        const std::uint64_t moved = entry - shim.size();
        elf.replace(24, sizeof(moved), reinterpret_cast<const char *>(&moved), sizeof(moved));
        std::ofstream(file(), std::ios::binary) << elf;
    }
    std::string file() const { return directory_.file("payload.elf"); }

private:
    TemporaryFolder directory_;
};

Outcome next_kernel(const std::string &kernel, const std::string &lives) {
    Machine machine = vm::machine(vm::Image::elf, "lives=2 files=1M");
    machine.device_options = "kernel=" + kernel + ",append=" + lives + " files=1M";
    return harness::run(machine, 20);
}

TEST(NextKernel, AsAnElfTakesTheHandover) {
    EXPECT_TRUE(vm::passed(next_kernel(harness::payload_elf(), "lives=2")));
}

TEST(NextKernel, WithoutAHandoverFailsWhateverItsParametersSay) {
    const Shimmed kernel(no_nodes);
    for (const char *lives : {"lives=1", "lives=2", "lives=100"}) {
        const Outcome outcome = next_kernel(kernel.file(), lives);
        EXPECT_TRUE(vm::failed(outcome)) << lives;
        EXPECT_EQ(harness::lines_with(outcome.console, "not ok 2 boot # no handover after kexec 1").size(),
                  1u)
            << outcome.report();
        EXPECT_EQ(harness::lines_with(outcome.console, "# life ").size(), 2u) << outcome.report();
        EXPECT_EQ(
            harness::lines_with(outcome.console, "FAIL payload -> payload: boot: no handover after kexec 1")
                .size(),
            1u)
            << outcome.report();
    }
}

TEST(NextKernel, WithAMalformedHandoverFails) {
    const Shimmed kernel(short_node);
    const Outcome outcome = next_kernel(kernel.file(), "lives=2");
    EXPECT_TRUE(vm::failed(outcome));
    EXPECT_EQ(
        harness::lines_with(outcome.console, "not ok 2 boot # a malformed handover in setup_data").size(), 1u)
        << outcome.report();
}

TEST(NextKernel, ThatShouldHaveFewerLivesFails) {
    const Outcome outcome = next_kernel(harness::payload_elf(), "lives=1");
    EXPECT_TRUE(vm::failed(outcome));
    EXPECT_NE(outcome.console.find("life 2 of 1"), std::string::npos) << outcome.report();
}

TEST(NextKernel, ThatWasNotToBeStartedFails) {
    const Outcome outcome =
        harness::run(vm::machine(vm::Image::elf, "lives=2 files=1M expect=kernel_missing"));
    EXPECT_TRUE(vm::failed(outcome));
    EXPECT_EQ(harness::lines_with(outcome.console, "not ok 1 life 1: kexec refused").size(), 1u)
        << outcome.report();
    EXPECT_EQ(vm::ktap_fault(outcome.console), "") << outcome.report();
}

}  // namespace
