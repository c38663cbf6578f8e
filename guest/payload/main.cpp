// SPDX-License-Identifier: GPL-2.0-or-later
// Entry, ends, and the order of the stages.
#include "guest/payload/crash.h"
#include "guest/payload/payload.h"
#include "guest/payload/status.h"

namespace guest {

using kexec_handover::Order;
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
    const bool first = !again;
    if (first) {
        again = true;
        arch::watchdog(0);
        say("Bail out! ", reason);
        say("FAIL payload -> payload: ", reason);
    }
    if (device_is_there())
        tell(Verdict::failed);
    else if (first)
        arch::power_off();
    arch::halt();
}

void Payload::run(const BootInfo &info) {
    info_ = &info;
    if (!device_is_there())
        payload_bail_out(
            "there is no kexec-handover device: run QEMU with -plugin libkexec-handover.so "
            "-device kexec-handover");
    orders_ = arch::read_register32(Register::orders);
    const std::uint64_t kexecs = arch::read_register64(Register::kexec_count);
    const bool ours = info.handover && info.handover->fdt_addr == arch::read_register64(Register::kho_fdt);
    start_ =
        start_of(kexecs, info.handover.has_value(), info.handover_malformed, ours, ordered(Order::found));
    handed_on_ = kexecs > 0 && ours && ordered(Order::found);
    // Another kernel's command line says nothing to us; the device's append= does.
    const bool my_command_line = start_ != Start::foreign || handed_on_;
    if (my_command_line)
        params_ = Params::parse(info.command_line);
    tell(Verdict::pending);
    arch::watchdog(watchdog_seconds());
    if (!params_.expect.empty() && !status_named(params_.expect))
        bail_out("expect=: the device has no status ", Quoted{params_.expect});
    if (!params_.crash.empty() && !crash(params_.crash))
        bail_out("crash=: unknown way ", Quoted{params_.crash});
    if (info.command_line_truncated && my_command_line)
        bail_out("the command line is cut: its parameters are not those that were meant");
    if (params_.lives > Params::max_lives)
        bail_out("lives=: at most ", Params::max_lives);
    life_ = kexecs + 1;
    if (start_ == Start::foreign)
        foreign_life();
    if (start_ == Start::cold_boot && ordered(Order::replay))
        replay_life();
    begin_document();
    static_cast<void>(start_ == Start::cold_boot ? first_life() : later_life());
    finish();
}

// One KTAP document over all lives, a result for each. What a life that handed over came to is only known
// when the next one runs: that one begins with the last one's result.
void Payload::begin_document() {
    const bool refusal = !params_.expect.empty();
    const std::uint64_t plan = refusal ? 1 : params_.lives;
    if (life_ == 1)
        ktap.begin(plan);
    else
        ktap.resume(plan, life_ - 2);
    say("# life ", life_, " of ", params_.lives,
        start_ == Start::cold_boot ? ", a cold boot" : ", after a kexec");
    if (start_ == Start::lost)
        ktap.blame("boot: no handover after kexec ", life_ - 1);
    if (start_ == Start::malformed)
        ktap.blame("boot: a malformed handover in setup_data");
    if (life_ == 1)
        return;
    if (refusal)
        ktap.blame("the kexec was not refused, with ", params_.expect, " or anything");
    static_cast<void>(give_result(start_ == Start::after_kexec && !refusal, life_ - 1));
    if (refusal)
        end();
    note_last_kexec();
}

void Payload::put_life_name(Line &line, std::uint64_t life) const {
    line.put("life ");
    line.put(life);
    if (!params_.expect.empty())
        line.put(": kexec refused");
    else
        line.put(life < params_.lives ? ": handed over" : ": ended");
}

bool Payload::give_result(bool passed, std::uint64_t life) {
    Line line;
    put_life_name(line, life);
    return ktap.check(passed, line.text());
}

bool Payload::first_life() {
    const bool breaks = !params_.break_case.empty();
    ktap.begin_subtest(6 + (params_.cycle ? 1 : 0) + (breaks ? 1 : 0));
    if (!check_device() || !set_up_memory() || !start_live_update() || !make_files() ||
        !preserve_sessions() || !freeze_check() || !cycle_before_kexec())
        return false;
    if (breaks && !try_breaks())
        return false;
    if (params_.lives > 1 || !params_.expect.empty())
        hand_over();
    if (!params_.forget_session.empty())
        bail_out("forget=: with lives=1 there is no kexec to forget anything at");
    return true;
}

bool Payload::later_life() {
    const bool last = life_ >= params_.lives;
    ktap.begin_subtest(last ? 12 + (params_.cycle ? 2 : 0) : 14 + (params_.cycle ? 3 : 0));
    if (!check_device() || !check_boot() || !open_handover() || !mark_handover() || !verify_checksums() ||
        !start_live_update() || !read_luo() || !deserialize() || !retrieve_sessions() ||
        !cycle_after_kexec() || !finish_sessions() || !account_pages())
        return false;
    if (last)
        return stop_everything();
    if (rewrite_files() && preserve_sessions() && freeze_check() && cycle_before_kexec())
        hand_over();
    return false;
}

void Payload::finish() {
    ktap.totals();
    static_cast<void>(give_result(ktap.close_subtest(), life_));
    end();
}

// What was handed over is what was found, or this life would have failed.
void Payload::end() {
    arch::watchdog(0);
    const bool passed = ktap.passed();
    if (!passed)
        say("FAIL payload -> payload: ",
            ktap.failed() ? ktap.first_failure() : "results are missing or too many");
    else if (!params_.expect.empty())
        say("PASS payload -> payload: refused as ", params_.expect, ", ", totals_.sessions, " sessions, ",
            totals_.files, " files intact");
    else if (params_.lives == 1)
        say("PASS payload: lives=1, nothing was handed over");
    else
        say("PASS payload -> payload: ", totals_.sessions, " sessions, ", totals_.files, " files, ",
            totals_.bytes, " bytes preserved");
    tell(passed ? Verdict::passed : Verdict::failed);
    arch::halt();
}

}  // namespace guest
