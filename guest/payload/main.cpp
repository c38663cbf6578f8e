// SPDX-License-Identifier: GPL-2.0-or-later
// Entry, ends, and the order of the stages.
#include "guest/payload/crash.h"
#include "guest/payload/payload.h"
#include "guest/payload/status.h"

namespace guest {

using kexec_handover::Register;
using kexec_handover::Verdict;

namespace {

constinit Payload payload;

void tell(Verdict verdict) { arch::write_register32(Register::verdict, static_cast<std::uint32_t>(verdict)); }

bool device_is_there() {
    return arch::read_register64(Register::signature) == kexec_handover::device_signature;
}

}  // namespace

[[noreturn]] void payload_main(const BootInfo &info) { payload.run(info); }

[[noreturn]] void payload_bail_out(std::string_view reason) {
    static bool again;
    if (!again) {
        again = true;
        arch::watchdog(0);
        say("Bail out! ", reason);
        say("FAIL payload -> payload: ", reason);
    }
    if (device_is_there())
        tell(Verdict::failed);
    arch::halt();
}

void Payload::run(const BootInfo &info) {
    info_ = &info;
    params_ = Params::parse(info.command_line);
    if (!device_is_there())
        payload_bail_out(
            "there is no kexec-handover device: run QEMU with -plugin libkexec-handover.so "
            "-device kexec-handover");
    tell(Verdict::pending);
    arch::watchdog(watchdog_seconds());
    if (!params_.expect.empty() && !status_named(params_.expect))
        bail_out("expect=: the device has no status ", Quoted{params_.expect});
    if (!params_.crash.empty() && !crash(params_.crash))
        bail_out("crash=: unknown way ", Quoted{params_.crash});
    life_ = arch::read_register64(Register::kexec_count) + 1;
    if (info.handover)
        later_life();
    else
        first_life();
    finish();
}

void Payload::first_life() {
    const bool breaks = !params_.break_case.empty();
    say("# life ", life_, " of ", params_.lives, ", a cold boot");
    ktap.begin(breaks ? 7 : 6);
    if (!check_device() || !set_up_memory() || !start_live_update() || !make_files() ||
        !preserve_sessions() || !freeze_check())
        return;
    if (breaks && !try_breaks())
        return;
    if (params_.lives > 1 || !params_.expect.empty())
        hand_over();
}

void Payload::later_life() {
    const bool last = life_ >= params_.lives;
    say("# life ", life_, " of ", params_.lives, ", after a kexec");
    note_last_kexec();
    ktap.begin(last ? 12 : 14);
    if (!check_device() || !check_boot() || !open_handover() || !mark_handover() || !verify_checksums() ||
        !start_live_update() || !read_luo() || !deserialize() || !retrieve_sessions() || !finish_sessions() ||
        !account_pages())
        return;
    if (last) {
        static_cast<void>(stop_everything());
        return;
    }
    if (rewrite_files() && preserve_sessions() && freeze_check())
        hand_over();
}

// What was handed over is what was found, or this life would have failed.
void Payload::finish() {
    arch::watchdog(0);
    ktap.totals();
    const bool passed = !ktap.failed();
    if (passed)
        say("PASS payload -> payload: ", totals_.sessions, " sessions, ", totals_.files, " files, ",
            totals_.bytes, " bytes preserved");
    else
        say("FAIL payload -> payload: ", ktap.first_failure());
    tell(passed ? Verdict::passed : Verdict::failed);
    arch::halt();
}

}  // namespace guest
