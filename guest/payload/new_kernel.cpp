// SPDX-License-Identifier: GPL-2.0-or-later
// The part of the new kernel up to its sessions: what the last one left, taken step by step.
#include <algorithm>

#include "fdt/abi/luo.h"
#include "guest/kho/preserve.h"
#include "guest/payload/break.h"
#include "guest/payload/payload.h"
#include "guest/payload/status.h"

namespace guest {

using kexec_handover::Command;
using kexec_handover::Register;
using kexec_handover::Status;
using kho::PhysAddr;

void Payload::note_last_kexec() {
    ktap.note("kexec took ", Milliseconds{arch::read_register64(Register::kexec_nanoseconds)}, ", poisoned ",
              Mebibytes{arch::read_register64(Register::poisoned_bytes)}, ", left ",
              Mebibytes{arch::read_register64(Register::untouched_bytes)}, " that was never touched");
    if (const std::uint64_t recorded = arch::read_register64(Register::recorded_bytes); recorded != 0)
        ktap.note("recorded ", Mebibytes{recorded});
}

bool Payload::check_boot() {
    map_ram();
    const auto wrong = [&](const auto &...what) {
        ktap.blame("boot: ", what...);  // the first two were blamed already
        return ktap.check(false, "boot", what...);
    };
    if (start_ == Start::malformed)
        return wrong("a malformed handover in setup_data");
    if (start_ == Start::lost)
        return wrong("no handover after kexec ", life_ - 1);
    if (life_ > params_.lives)
        return wrong("life ", life_, " of ", params_.lives);
    if (info_->entry != BootInfo::Entry::linux_64)
        return wrong("not entered at the 64-bit entry");
    return ktap.check(true, "boot", "setup_data announces a handover");
}

void Payload::report(const Place &place) {
    ktap.note(place);
    ktap.blame(place);
}

bool Payload::open_handover() {
    Place place;
    if (handover_.open(window_, *info_->handover, layout_, place) != Errno::ok) {
        report(place);
        return ktap.check(false, "KHO FDT and scratch array");
    }
    std::copy(handover_.scratch().begin(), handover_.scratch().end(), scratch_);
    scratch_count_ = handover_.scratch().size();
    return ktap.check(true, "KHO FDT and scratch array", handover_.subtrees().size(), " subtrees, ",
                      scratch_count_, " scratch areas");
}

bool Payload::mark_handover() {
    const std::uint64_t bytes = Pages::map_bytes(window_.end());
    const kho::abi::kho_scratch array = {info_->handover->scratch_addr, info_->handover->scratch_size};
    const Result<PhysAddr> map =
        find_in_scratch(layout_, handover_.scratch(), {&array, 1}, bytes, kho::page_size);
    if (!map)
        bail_out("no room in scratch for the page map, ", bytes, " bytes");
    Place place;
    if (init_pages(pages_, window_, *map, layout_, handover_.scratch()) != Errno::ok ||
        handover_.mark_preserved(pages_, place) != Errno::ok) {
        report(place);
        return ktap.check(false, "map of preserved memory");
    }
    if (handover_.unpreserved_metadata() != 0)
        ktap.note(handover_.unpreserved_metadata(), " pages of the metadata are not preserved, first ",
                  Hex{kho::value(handover_.first_unpreserved_metadata())});
    // Away from where the last kernel began: what it lost shall still be there to be looked at.
    pages_.start_at(PhysAddr{window_.end() / 4 * 3});
    set_up_scenario();
    return ktap.check(true, "map of preserved memory", handover_.blocks(), " blocks, ",
                      Mebibytes{pages_.counts().incoming << kho::page_shift}, ", ", handover_.nodes(),
                      " chunks");
}

// Before anything is written outside of scratch.
bool Payload::verify_checksums() {
    arch::write_register32(Register::command, static_cast<std::uint32_t>(Command::verify));
    const auto status = static_cast<Status>(arch::read_register32(Register::status));
    if (status != Status::ok)
        ktap.note("device: ", name(status), ", ", arch::read_register64(Register::mismatched_ranges),
                  " ranges, first at ", Hex{arch::read_register64(Register::status_address)});
    return ktap.check(status == Status::ok, "checksums, compared by the device",
                      arch::read_register64(Register::preserved_ranges), " ranges");
}

bool Payload::read_luo() {
    const IncomingHandover::Subtree *subtree = handover_.subtree(kho::abi::luo_subtree_name);
    if (subtree == nullptr) {
        // A kernel may run without; ours does not.
        luo_ = LuoRoot::none();
        if (start_ != Start::foreign)
            report_error("LUO: no subtree of this name");
        return ktap.check(start_ == Start::foreign, "LUO FDT", "none");
    }
    Place place;
    if (read_luo_root(pages_, handover_.format(), *subtree, luo_, place) != Errno::ok) {
        report(place);
        return ktap.check(false, "LUO FDT");
    }
    const bool expected = start_ == Start::foreign || luo_.liveupdate_number == life_ - 1;
    if (luo_.liveupdate_number == telltale_number)
        report_error("a kexec with break= was not refused");
    else if (!expected)
        report_error("liveupdate-number ", luo_.liveupdate_number, " instead of ", life_ - 1);
    return ktap.check(expected, "LUO FDT", "live update ", luo_.liveupdate_number);
}

bool Payload::deserialize() {
    const Errno error = live_update_.deserialize(luo_);
    if (error != Errno::ok)
        report(live_update_.last_place());
    // The answer stays the same, however often it is asked for.
    const bool again = live_update_.deserialize(luo_) == error;
    const std::uint64_t expected = scenario_.sessions() + cycle_sessions() + (params_.manifest ? 1 : 0);
    const bool complete = start_ == Start::foreign || live_update_.incoming().count() == expected;
    if (error == Errno::ok && !complete)
        report_error(live_update_.incoming().count(), " sessions instead of ", expected);
    if (live_update_.unknown_flbs() > 0)
        ktap.note(live_update_.unknown_flbs(), " FLBs that are not registered here");
    return ktap.check(error == Errno::ok && again && complete, "deserialize", live_update_.incoming().count(),
                      " sessions");
}

}  // namespace guest
