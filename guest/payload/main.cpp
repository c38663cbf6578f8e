// SPDX-License-Identifier: GPL-2.0-or-later
// Entry, ends, and the order of the stages.
#include "guest/payload/crash.h"
#include "guest/payload/payload.h"
#include "guest/payload/stages.h"
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

// One KTAP document over all lives, a result for each. What a life that handed over came to is only known
// when the next one runs: that one begins with the last one's result.
void begin_document(Payload &p) {
    const bool refusal = !p.params.expect.empty();
    const std::uint64_t plan = refusal ? 1 : p.params.lives;
    if (p.life == 1)
        p.ktap.begin(plan);
    else
        p.ktap.resume(plan, p.life - 2);
    say("# life ", p.life, " of ", p.params.lives,
        p.start == Start::cold_boot ? ", a cold boot" : ", after a kexec");
    if (p.start == Start::lost)
        p.ktap.blame("boot: no handover after kexec ", p.life - 1);
    if (p.start == Start::malformed)
        p.ktap.blame("boot: a malformed handover in setup_data");
    if (p.life == 1)
        return;
    if (refusal)
        p.ktap.blame("the kexec was not refused, with ", p.params.expect, " or anything");
    static_cast<void>(give_result(p, p.start == Start::after_kexec && !refusal, p.life - 1));
    if (refusal)
        end(p);
    note_last_kexec(p);
}

void put_life_name(Payload &p, Line &line, std::uint64_t life) {
    line.put("life ");
    line.put(life);
    if (!p.params.expect.empty())
        line.put(": kexec refused");
    else
        line.put(life < p.params.lives ? ": handed over" : ": ended");
}

bool give_result(Payload &p, bool passed, std::uint64_t life) {
    Line line;
    put_life_name(p, line, life);
    return p.ktap.check(passed, line.text());
}

// What was handed over is what was found, or this life would have failed.
void end(Payload &p) {
    arch::watchdog(0);
    const bool passed = p.ktap.passed();
    if (!passed)
        say("FAIL payload -> payload: ",
            p.ktap.failed() ? p.ktap.first_failure() : "results are missing or too many");
    else if (!p.params.expect.empty())
        say("PASS payload -> payload: refused as ", p.params.expect, ", ", p.totals.sessions, " sessions, ",
            p.totals.files, " files intact");
    else if (p.params.lives == 1)
        say("PASS payload: lives=1, nothing was handed over");
    else
        say("PASS payload -> payload: ", p.totals.sessions, " sessions, ", p.totals.files, " files, ",
            p.totals.bytes, " bytes preserved");
    tell(passed ? Verdict::passed : Verdict::failed);
    arch::halt();
}

namespace {

// As many results as stages, then the next kernel or the verdict.
[[noreturn]] void payload_life(Payload &p) {
    const bool first = p.start == Start::cold_boot;
    const Lives life = first ? Lives::first : p.life < p.params.lives ? Lives::middle : Lives::last;
    p.ktap.begin_subtest(planned_results(p, life));
    if (run_stages(p, life)) {
        if (life == Lives::middle || (first && (p.params.lives > 1 || !p.params.expect.empty())))
            hand_over(p);
        if (first && !p.params.forget_session.empty())
            bail_out("forget=: with lives=1 there is no kexec to forget anything at");
    }
    p.ktap.totals();
    static_cast<void>(give_result(p, p.ktap.close_subtest(), p.life));
    end(p);
}

[[noreturn]] void run(Payload &p, const BootInfo &info) {
    p.info = &info;
    if (!device_is_there())
        payload_bail_out(
            "there is no kexec-handover device: run QEMU with -plugin libkexec-handover.so "
            "-device kexec-handover");
    p.orders = arch::read_register32(Register::orders);
    const std::uint64_t kexecs = arch::read_register64(Register::kexec_count);
    const bool ours = info.handover && info.handover->fdt_addr == arch::read_register64(Register::kho_fdt);
    p.start =
        start_of(kexecs, info.handover.has_value(), info.handover_malformed, ours, ordered(p, Order::found));
    p.handed_on = kexecs > 0 && ours && ordered(p, Order::found);
    // Another kernel's command line says nothing to us; the device's append= does.
    const bool my_command_line = p.start != Start::foreign || p.handed_on;
    if (my_command_line)
        p.params = Params::parse(info.command_line);
    tell(Verdict::pending);
    arch::watchdog(watchdog_seconds(p));
    if (!p.params.expect.empty() && !status_named(p.params.expect))
        bail_out("expect=: the device has no status ", Quoted{p.params.expect});
    if (!p.params.crash.empty() && !crash(p.params.crash))
        bail_out("crash=: unknown way ", Quoted{p.params.crash});
    if (info.command_line_truncated && my_command_line)
        bail_out("the command line is cut: its parameters are not those that were meant");
    if (p.params.lives > Params::max_lives)
        bail_out("lives=: at most ", Params::max_lives);
    p.life = kexecs + 1;
    if (p.start == Start::foreign)
        foreign_life(p);
    if (p.start == Start::cold_boot && ordered(p, Order::replay))
        replay_life(p);
    begin_document(p);
    payload_life(p);
}

}  // namespace

[[noreturn]] void payload_main(const BootInfo &info) { run(payload, info); }

}  // namespace guest
