// SPDX-License-Identifier: GPL-2.0-or-later
// The part of the new kernel up to its sessions: what the last one left, taken step by step.
#include <algorithm>

#include "fdt/abi/luo.h"
#include "guest/kho/preserve.h"
#include "guest/payload/break.h"
#include "guest/payload/payload.h"
#include "guest/payload/stages.h"
#include "guest/payload/status.h"

namespace guest {

using kexec_handover::Command;
using kexec_handover::Register;
using kexec_handover::Status;
using kho::PhysAddr;

void note_last_kexec(Payload &p) {
    p.ktap.note("kexec took ", Milliseconds{arch::read_register64(Register::kexec_nanoseconds)},
                ", poisoned ", Mebibytes{arch::read_register64(Register::poisoned_bytes)}, ", left ",
                Mebibytes{arch::read_register64(Register::untouched_bytes)}, " that was never touched");
    if (const std::uint64_t recorded = arch::read_register64(Register::recorded_bytes); recorded != 0)
        p.ktap.note("recorded ", Mebibytes{recorded});
}

bool check_boot(Payload &p) {
    map_ram(p);
    const auto wrong = [&](const auto &...what) {
        p.ktap.blame("boot: ", what...);  // the first two were blamed already
        return p.ktap.check(false, p.stage, what...);
    };
    if (p.start == Start::malformed)
        return wrong("a malformed handover in setup_data");
    if (p.start == Start::lost)
        return wrong("no handover after kexec ", p.life - 1);
    if (p.life > p.params.lives)
        return wrong("life ", p.life, " of ", p.params.lives);
    if (p.info->entry != BootInfo::Entry::linux_64)
        return wrong("not entered at the 64-bit entry");
    return p.ktap.check(true, p.stage, "setup_data announces a handover");
}

void report(Payload &p, const Place &place) {
    p.ktap.note(place);
    p.ktap.blame(place);
}

bool open_handover(Payload &p) {
    Place place;
    if (p.handover.open(p.window, *p.info->handover, p.layout, place) != Errno::ok) {
        report(p, place);
        return p.ktap.check(false, p.stage);
    }
    std::copy(p.handover.scratch().begin(), p.handover.scratch().end(), p.scratch);
    p.scratch_count = p.handover.scratch().size();
    return p.ktap.check(true, p.stage, p.handover.subtrees().size(), " subtrees, ", p.scratch_count,
                        " scratch areas");
}

bool mark_handover(Payload &p) {
    const std::uint64_t bytes = Pages::map_bytes(p.window.end());
    const kho::abi::kho_scratch array = {p.info->handover->scratch_addr, p.info->handover->scratch_size};
    const Result<PhysAddr> map =
        find_in_scratch(p.layout, p.handover.scratch(), {&array, 1}, bytes, kho::page_size);
    if (!map)
        bail_out("no room in scratch for the page map, ", bytes, " bytes");
    Place place;
    if (init_pages(p.pages, p.window, *map, p.layout, p.handover.scratch()) != Errno::ok ||
        p.handover.mark_preserved(p.pages, place) != Errno::ok) {
        report(p, place);
        return p.ktap.check(false, p.stage);
    }
    if (p.handover.unpreserved_metadata() != 0)
        p.ktap.note(p.handover.unpreserved_metadata(), " pages of the metadata are not preserved, first ",
                    Hex{kho::value(p.handover.first_unpreserved_metadata())});
    // Away from where the last kernel began: what it lost shall still be there to be looked at.
    p.pages.start_at(PhysAddr{p.window.end() / 4 * 3});
    set_up_scenario(p);
    // Another kernel's handover goes on as it came.
    if (p.start == Start::foreign)
        p.pages.keep_incoming();
    return p.ktap.check(true, p.stage, p.handover.blocks(), " blocks, ",
                        Mebibytes{p.pages.counts().incoming << kho::page_shift}, ", ", p.handover.nodes(),
                        " chunks");
}

// Before anything is written outside of scratch.
bool verify_checksums(Payload &p) {
    arch::write_register32(Register::command, static_cast<std::uint32_t>(Command::verify));
    const auto status = static_cast<Status>(arch::read_register32(Register::status));
    if (status != Status::ok)
        p.ktap.note("device: ", name(status), ", ", arch::read_register64(Register::mismatched_ranges),
                    " ranges, first at ", Hex{arch::read_register64(Register::status_address)});
    return p.ktap.check(status == Status::ok, p.stage, arch::read_register64(Register::preserved_ranges),
                        " ranges");
}

bool read_luo(Payload &p) {
    const IncomingHandover::Subtree *subtree = p.handover.subtree(kho::abi::luo_subtree_name);
    if (subtree == nullptr) {
        // A kernel may run without; ours does not.
        p.luo = LuoRoot::none();
        if (p.start != Start::foreign)
            report_error(p, "LUO: no subtree of this name");
        return p.ktap.check(p.start == Start::foreign, p.stage, "none");
    }
    Place place;
    if (read_luo_root(p.pages, p.handover.format(), *subtree, p.luo, place) != Errno::ok) {
        report(p, place);
        return p.ktap.check(false, p.stage);
    }
    const bool expected = p.start == Start::foreign || p.luo.liveupdate_number == p.life - 1;
    if (p.luo.liveupdate_number == telltale_number)
        report_error(p, "a kexec with break= was not refused");
    else if (!expected)
        report_error(p, "liveupdate-number ", p.luo.liveupdate_number, " instead of ", p.life - 1);
    return p.ktap.check(expected, p.stage, "live update ", p.luo.liveupdate_number);
}

bool deserialize(Payload &p) {
    const Errno error = p.live_update.deserialize(p.luo);
    if (error != Errno::ok)
        report(p, p.live_update.last_place());
    // The answer stays the same, however often it is asked for.
    const bool again = p.live_update.deserialize(p.luo) == error;
    const std::uint64_t expected = p.scenario.sessions() + cycle_sessions(p) + (p.params.manifest ? 1 : 0);
    const bool complete = p.start == Start::foreign || p.live_update.incoming().count() == expected;
    if (error == Errno::ok && !complete)
        report_error(p, p.live_update.incoming().count(), " sessions instead of ", expected);
    if (p.live_update.unknown_flbs() > 0)
        p.ktap.note(p.live_update.unknown_flbs(), " FLBs that are not registered here");
    return p.ktap.check(error == Errno::ok && again && complete, p.stage, p.live_update.incoming().count(),
                        " sessions");
}

}  // namespace guest
