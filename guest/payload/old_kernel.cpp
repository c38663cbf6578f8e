// SPDX-License-Identifier: GPL-2.0-or-later
// The part of the old kernel: files, sessions, and the kexec.
#include <algorithm>

#include "guest/payload/break.h"
#include "guest/payload/outgoing.h"
#include "guest/payload/payload.h"
#include "guest/payload/stages.h"
#include "guest/payload/status.h"

namespace guest {

using kexec_handover::Register;
using kexec_handover::Status;

bool make_files(Payload &p) {
    std::uint64_t number = 0;
    for (unsigned i = 0; i < p.scenario.sessions(); i++) {
        const SessionSpec session = p.scenario.session(i);
        for (unsigned k = 0; k < session.files; k++) {
            const FileSpec spec = p.scenario.file(session, k);
            const std::uint64_t seed = content_seed(session.name_view(), spec, writer_of(p, spec));
            const Result<MemoryFile *> file = make_file(p.pages, p.memory_files, spec, seed);
            if (!file)
                bail_out("no memory for file ", k, " of session ", Quoted{session.name_view()}, ": ",
                         file.error());
            file_slot(p, number++) = *file;
        }
    }
    return p.ktap.check(true, p.stage, number);
}

// In a later life: what changes from life to life is rewritten, in place.
bool rewrite_files(Payload &p) {
    p.content_life = p.life;
    std::uint64_t number = 0, written = 0;
    for (unsigned i = 0; i < p.scenario.sessions(); i++) {
        const SessionSpec session = p.scenario.session(i);
        for (unsigned k = 0; k < session.files; k++, number++) {
            const FileSpec spec = p.scenario.file(session, k);
            if (!spec.rewritten)
                continue;
            fill_file(p.pages, *file_slot(p, number), spec,
                      content_seed(session.name_view(), spec, writer_of(p, spec)));
            written++;
        }
    }
    return p.ktap.check(true, p.stage, written);
}

bool preserve_sessions(Payload &p) {
    p.totals = {};
    std::uint64_t number = 0;
    bool good = true;
    for (unsigned i = 0; i < p.scenario.sessions() && good; i++) {
        const SessionSpec spec = p.scenario.session(i);
        const Result<Session *> session = p.live_update.create_session(spec.name_view());
        if (!session) {
            report(p, p.live_update.last_place());
            good = false;
            break;
        }
        p.totals.sessions++;
        for (unsigned k = 0; k < spec.files; k++, number++) {
            MemoryFile &file = *file_slot(p, number);
            const std::uint64_t token = p.scenario.file(spec, k).token;
            if (const Errno error = p.live_update.preserve(**session, token, &file); error != Errno::ok) {
                report(p, p.live_update.last_place());
                good = false;
                break;
            }
            p.totals.files++;
            p.totals.bytes += content_bytes(file);
        }
        // The limit is where the format says it is, and a call that hits it takes nothing along.
        if (good && spec.files == kho::abi::max_files_per_set) {
            constexpr std::uint64_t unused_token = 0x7fff000000000000;
            const Errno error = p.live_update.preserve(**session, unused_token, file_slot(p, 0));
            if (error != Errno::enospc) {
                report_error(p, "file ", spec.files + 1, " of a session: ", error, " instead of ENOSPC");
                good = false;
            }
        }
    }
    if (good && p.params.cycle) {
        const Errno error = p.life_cycle.preserve();
        good = error == Errno::ok;
        if (good)
            count_cycle(p);
        else if (p.live_update.last_place().error == error)
            report(p, p.live_update.last_place());
        else
            report_error(p, "test files: ", error);
    }
    if (good && p.params.manifest)
        good = preserve_manifest(p);
    return p.ktap.check(good, p.stage, p.totals.sessions, " sessions, ", p.totals.files, " files, ",
                        p.totals.bytes, " bytes");
}

// An update that is cancelled before the kexec leaves everything as it was.
bool freeze_check(Payload &p) {
    arch::watchdog(watchdog_seconds(p));
    const Pages::Counts before = p.pages.counts();
    const auto wrong = [&](const auto &...what) {
        report_error(p, "freeze, cancel, unfreeze: ", what...);
        return false;
    };
    const auto cancel = [&] {
        if (p.live_update.serialize() != Errno::ok) {
            report(p, p.live_update.last_place());
            return false;
        }
        if (p.live_update.serialized_is_clear())
            return wrong("nothing was serialized");
        if (const Errno error = p.live_update.unserialize(); error != Errno::ok)
            return wrong(error);
        if (!p.live_update.serialized_is_clear())
            return wrong("the arrays were not cleared");
        if (p.pages.counts() != before)
            return wrong("pages were lost");
        return verify_all_files(p);
    };
    return p.ktap.check(cancel(), p.stage);
}

// Live updates that fail on the way, while all sessions are preserved.
bool cycle_before_kexec(Payload &p) {
    if (!p.params.cycle)
        return true;
    p.ktap.begin_subtest(LifeCycle::results_before_kexec + 1);
    p.life_cycle.before_kexec(p.ktap);
    static_cast<void>(p.ktap.check(verify_all_files(p), "all other files are as they were"));
    return p.ktap.end_subtest(p.stage);
}

bool verify_all_files(Payload &p) {
    std::uint64_t number = 0;
    for (unsigned i = 0; i < p.scenario.sessions(); i++) {
        const SessionSpec session = p.scenario.session(i);
        for (unsigned k = 0; k < session.files; k++) {
            const FileSpec spec = p.scenario.file(session, k);
            if (!verify(p, session, spec, *file_slot(p, number++), writer_of(p, spec)))
                return false;
        }
    }
    return true;
}

namespace {

void forget(Payload &p, Outgoing &outgoing) {
    std::uint64_t number = 0;
    for (unsigned i = 0; i < p.scenario.sessions(); i++) {
        const SessionSpec session = p.scenario.session(i);
        for (unsigned k = 0; k < session.files; k++, number++) {
            if (session.name_view() != p.params.forget_session ||
                p.scenario.file(session, k).token != p.params.forget_token)
                continue;
            for (const FileFolio &folio : file_slot(p, number)->content()) {
                if (p.params.forget_page - folio.index >= std::uint64_t{1} << folio.order)
                    continue;
                p.ktap.note("forgetting the folio at ", Hex{kho::value(folio.at)}, ", ", folio.bytes(),
                            " bytes");
                if (!forget_block(outgoing, folio.at))
                    bail_out("that folio is not in the list");
                return;
            }
        }
    }
    bail_out("forget=: there is no such page");
}

// Comes back only if the device refused, with the sessions unfrozen again.
Status attempt_kexec(Payload &p, const BreakCase *break_case) {
    if (const Errno error = p.live_update.serialize(); error != Errno::ok) {
        report(p, p.live_update.last_place());
        bail_out("freeze failed: ", error);
    }
    const Result<Outgoing> built = build_outgoing(p.pages, {.memory_map = p.layout.map,
                                                            .scratch = {p.scratch, p.scratch_count},
                                                            .session_header = p.live_update.session_header(),
                                                            .flb_header = p.live_update.flb_header(),
                                                            .liveupdate_number = p.life,
                                                            .acpi_rsdp = p.info->acpi_rsdp});
    if (!built)
        bail_out("no memory for the descriptor: ", built.error());
    Outgoing outgoing = *built;
    if (break_case == nullptr)
        say("# kexec ", p.life, ": handing over ", p.totals.sessions, " sessions, ", p.totals.files,
            " files, ", p.totals.bytes, " bytes; ", outgoing.preserved_bytes >> kho::page_shift, " pages in ",
            outgoing.descriptor->preserved.count, " runs");
    if (break_case == nullptr && !p.params.forget_session.empty() && p.life == 1)
        forget(p, outgoing);
    BreakContext context{.pages = &p.pages,
                         .outgoing = &outgoing,
                         .session_header = p.live_update.session_header(),
                         .descriptor = p.pages.window().address(outgoing.descriptor)};
    if (break_case != nullptr && break_descriptor(*break_case, context) != Errno::ok)
        bail_out("break=", break_case->name, ": could not build it, no memory");
    arch::watchdog(watchdog_seconds(p));
    arch::stop_other_cpus();
    const Status status =
        arch::enter_purgatory(arch::read_register64(Register::purgatory_entry), context.descriptor);

    p.status_index = arch::read_register64(Register::status_index);
    p.status_address = arch::read_register64(Register::status_address);
    if (context.extra_pages != 0)
        static_cast<void>(p.pages.free_run(context.extra_run, context.extra_pages));
    free_outgoing(p.pages, outgoing);
    if (p.live_update.unserialize() != Errno::ok)
        bail_out("unfreeze failed");
    return status;
}

bool was_refused_as(Payload &p, std::string_view what, Status expected, Status status) {
    const bool intact = verify_all_files(p);
    if (status != expected)
        report_error(p, what, ": refused with ", name(status), " (", static_cast<std::uint32_t>(status),
                     "), index ", p.status_index, ", address ", Hex{p.status_address}, "; expected ",
                     name(expected));
    return p.ktap.check(status == expected && intact, what, "refused as ", name(status),
                        intact ? ", sessions intact" : ", sessions damaged");
}

}  // namespace

// break=NAME or break=all: each refusal must leave the old kernel as it was.
bool try_breaks(Payload &p) {
    const bool all = p.params.break_case == "all";
    const BreakCase *wanted = find_break_case(p.params.break_case);
    if (!all && wanted == nullptr)
        bail_out("break=: unknown case ", Quoted{p.params.break_case});
    const std::span<const BreakCase> cases = all ? break_cases() : std::span(wanted, 1);
    const auto can_be_built = [&](const BreakCase &c) { return has_flbs(p) || !c.needs_flbs; };
    const auto count = static_cast<std::uint64_t>(std::ranges::count_if(cases, can_be_built));
    if (count == 0)
        bail_out("break=", p.params.break_case, ": there are no FLBs");
    p.ktap.begin_subtest(count + 1);
    arch::write_register32(Register::command, static_cast<std::uint32_t>(kexec_handover::Command::verify));
    const auto verify = static_cast<Status>(arch::read_register32(Register::status));
    static_cast<void>(
        p.ktap.check(verify == Status::nothing_to_verify, "verify before a kexec", name(verify)));
    const Pages::Counts before = p.pages.counts();
    for (const BreakCase &c : cases) {
        if (!can_be_built(c))
            continue;
        static_cast<void>(was_refused_as(p, c.name, c.expected, attempt_kexec(p, &c)));
        if (p.pages.counts() != before)
            bail_out(c.name, ": pages were lost");
    }
    return p.ktap.end_subtest(p.stage);
}

namespace {

[[noreturn]] void refused(Payload &p, Status status) {
    const std::optional<Status> expected = status_named(p.params.expect);
    Line name_line;
    put_life_name(p, name_line, p.life);
    if (expected) {
        static_cast<void>(was_refused_as(p, name_line.text(), *expected, status));
    } else {
        const bool intact = verify_all_files(p);
        p.ktap.blame("kexec refused: ", name(status), ", index ", p.status_index, ", address ",
                     Hex{p.status_address}, intact ? "; sessions intact" : "; sessions damaged");
        static_cast<void>(p.ktap.check(false, name_line.text(), "refused with ", name(status), ", index ",
                                       p.status_index, ", address ", Hex{p.status_address}));
    }
    end(p);
}

}  // namespace

// The next life gives this one's result. If there is none, this one does.
void hand_over(Payload &p) {
    p.ktap.totals();
    if (!p.ktap.close_subtest()) {
        static_cast<void>(give_result(p, false, p.life));
        end(p);
    }
    refused(p, attempt_kexec(p, nullptr));
}

}  // namespace guest
