// SPDX-License-Identifier: GPL-2.0-or-later
// The emulated kexec: a state machine over an abstract machine. Knows no QEMU.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fdt/boot/boot_plan.h"
#include "plugin/checksum.h"
#include "plugin/descriptor.h"
#include "plugin/metadata.h"

namespace kexec_handover {

enum class Poison { on, off, zero };

// Not a valid pointer in any width, and int3 as x86 code.
inline constexpr std::byte poison_byte{0xcc};

// What the next kexec starts and leaves behind. Files are read when it happens.
struct KexecOptions {
    std::string kernel;  // path; empty: none is set
    std::string initrd;  // path; empty: none
    std::string append;
    std::string record;    // path; empty: no recording
    std::string handover;  // path of a recording to put in place; empty: none
    const kho::Release *release = &kho::default_release();  // whose format is written; never null
    Poison poison = Poison::on;
};

//            kexec                                                          enter
//   idle ───────────> validating ──> recording ──> poisoning ──> loading ──> handed_over ───────> idle
//     ^                   │              │
//     └───────────────────┴──────────────┘  refused: the guest's memory is as it was
class Kexec {
public:
    // `purgatory` is the ROM made by make_purgatory; its page tables follow the next kernel. Both outlive
    // this.
    Kexec(Machine &machine, std::span<std::byte> purgatory) : machine_(machine), purgatory_(purgatory) {}

    // Each command returns Status::ok or why it was refused; status() keeps that for the guest. But while a
    // kexec is handed over, refusals do not change status(): the CPU that rang for it has yet to read its
    // own.
    Refusal kexec(kho::PhysAddr descriptor, const KexecOptions &options);
    Refusal enter();
    Refusal verify();
    Refusal record(kho::PhysAddr descriptor, const KexecOptions &options);
    Refusal unknown_command(std::uint32_t command);

    // Where the purgatory jumps to: given once, to the CPU that asks first. 0 if nothing is handed over.
    kho::PhysAddr claim();

    // The machine was reset: forgets everything, as if it had just been switched on.
    void reset();

    struct Totals {
        std::uint64_t preserved_bytes = 0;
        std::uint64_t preserved_ranges = 0;
        std::uint64_t poisoned_bytes = 0;
        std::uint64_t untouched_bytes = 0;
        std::uint64_t nanoseconds = 0;
        std::uint64_t recorded_bytes = 0;
        kho::PhysAddr kho_fdt{};
        kho::PhysAddr luo_fdt{};
        bool found = false;  // it handed on what was found
    };
    State state() const { return state_; }
    const Refusal &status() const { return status_; }
    std::uint64_t count() const { return count_; }
    const Totals &last() const { return last_; }
    std::uint64_t mismatched_ranges() const { return mismatched_; }
    // What the next kernel is entered with, 0 unless handed over.
    kho::PhysAddr next_argument() const { return next_ ? next_->boot_params : kho::PhysAddr{}; }

private:
    struct Next {
        kho::PhysAddr entry;
        kho::PhysAddr boot_params;
        bool claimed = false;
    };

    Refusal report(Refusal refusal);
    struct Plan;
    struct Record;

    Refusal hand_over(kho::PhysAddr descriptor, const KexecOptions &options);
    // Validates everything, and decides where everything goes. Guest RAM stays as it is.
    Checked<Plan> plan(kho::PhysAddr descriptor, const KexecOptions &options);
    // Checksums of what is preserved, and the recording. Guest RAM stays as it is.
    Checked<Record> record(const Plan &plan, const KexecOptions &options, Totals &totals) const;
    // Puts the next kernel in place of the old one.
    Refusal commit(const Plan &plan, const kho::RangeSet &doomed, Poison poison);
    Refusal destroy_old_kernel(const KexecRequest &request, const Metadata &metadata,
                               const kho::RangeSet &doomed, Poison poison);

    Machine &machine_;
    std::span<std::byte> purgatory_;
    State state_ = State::idle;
    Refusal status_;
    std::uint64_t count_ = 0;
    Totals last_;
    std::vector<Checksum> checksums_;
    std::uint64_t mismatched_ = 0;
    std::optional<Next> next_;
};

}  // namespace kexec_handover
