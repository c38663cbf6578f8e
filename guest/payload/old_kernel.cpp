// SPDX-License-Identifier: GPL-2.0-or-later
// The part of the old kernel: files, sessions, and the kexec.
#include <algorithm>

#include "guest/payload/break.h"
#include "guest/payload/outgoing.h"
#include "guest/payload/payload.h"
#include "guest/payload/status.h"

namespace guest {

using kexec_handover::Register;
using kexec_handover::Status;

bool Payload::make_files() {
    std::uint64_t number = 0;
    for (unsigned i = 0; i < scenario_.sessions(); i++) {
        const SessionSpec session = scenario_.session(i);
        for (unsigned k = 0; k < session.files; k++) {
            const FileSpec spec = scenario_.file(session, k);
            const std::uint64_t seed = content_seed(session.name_view(), spec, writer_of(spec));
            const Result<MemoryFile *> file = make_file(pages_, memory_files_, spec, seed);
            if (!file)
                bail_out("no memory for file ", k, " of session ", Quoted{session.name_view()}, ": ",
                         file.error());
            file_slot(number++) = *file;
        }
    }
    return ktap.check(true, "files in memory", number);
}

// In a later life: what changes from life to life is rewritten, in place.
bool Payload::rewrite_files() {
    content_life_ = life_;
    std::uint64_t number = 0, written = 0;
    for (unsigned i = 0; i < scenario_.sessions(); i++) {
        const SessionSpec session = scenario_.session(i);
        for (unsigned k = 0; k < session.files; k++, number++) {
            const FileSpec spec = scenario_.file(session, k);
            if (!spec.rewritten)
                continue;
            fill_file(pages_, *file_slot(number), spec,
                      content_seed(session.name_view(), spec, writer_of(spec)));
            written++;
        }
    }
    return ktap.check(true, "files rewritten", written);
}

bool Payload::preserve_sessions() {
    totals_ = {};
    std::uint64_t number = 0;
    bool good = true;
    for (unsigned i = 0; i < scenario_.sessions() && good; i++) {
        const SessionSpec spec = scenario_.session(i);
        const Result<Session *> session = live_update_.create_session(spec.name_view());
        if (!session) {
            report(live_update_.last_place());
            good = false;
            break;
        }
        totals_.sessions++;
        for (unsigned k = 0; k < spec.files; k++, number++) {
            MemoryFile &file = *file_slot(number);
            const std::uint64_t token = scenario_.file(spec, k).token;
            if (const Errno error = live_update_.preserve(**session, token, &file); error != Errno::ok) {
                report(live_update_.last_place());
                good = false;
                break;
            }
            totals_.files++;
            totals_.bytes += content_bytes(file);
        }
        // The limit is where the format says it is, and a call that hits it takes nothing along.
        if (good && spec.files == kho::abi::max_files_per_set) {
            constexpr std::uint64_t unused_token = 0x7fff000000000000;
            const Errno error = live_update_.preserve(**session, unused_token, file_slot(0));
            if (error != Errno::enospc) {
                report_error("file ", spec.files + 1, " of a session: ", error, " instead of ENOSPC");
                good = false;
            }
        }
    }
    if (good && params_.cycle) {
        const Errno error = life_cycle_.preserve();
        good = error == Errno::ok;
        if (good)
            count_cycle();
        else if (live_update_.last_place().error == error)
            report(live_update_.last_place());
        else
            report_error("test files: ", error);
    }
    if (good && params_.manifest)
        good = preserve_manifest();
    return ktap.check(good, "preserve", totals_.sessions, " sessions, ", totals_.files, " files, ",
                      totals_.bytes, " bytes");
}

// An update that is cancelled before the kexec leaves everything as it was.
bool Payload::freeze_check() {
    arch::watchdog(watchdog_seconds());
    const Pages::Counts before = pages_.counts();
    const auto wrong = [&](const auto &...what) {
        report_error("freeze, cancel, unfreeze: ", what...);
        return false;
    };
    const auto cancel = [&] {
        if (live_update_.serialize() != Errno::ok) {
            report(live_update_.last_place());
            return false;
        }
        if (live_update_.serialized_is_clear())
            return wrong("nothing was serialized");
        if (const Errno error = live_update_.unserialize(); error != Errno::ok)
            return wrong(error);
        if (!live_update_.serialized_is_clear())
            return wrong("the arrays were not cleared");
        if (pages_.counts() != before)
            return wrong("pages were lost");
        return verify_all_files();
    };
    return ktap.check(cancel(), "freeze, cancel, unfreeze");
}

// Live updates that fail on the way, while all sessions are preserved.
bool Payload::cycle_before_kexec() {
    if (!params_.cycle)
        return true;
    ktap.begin_subtest(LifeCycle::results_before_kexec + 1);
    life_cycle_.before_kexec(ktap);
    static_cast<void>(ktap.check(verify_all_files(), "all other files are as they were"));
    return ktap.end_subtest("life cycle of files in the old kernel");
}

bool Payload::verify_all_files() {
    std::uint64_t number = 0;
    for (unsigned i = 0; i < scenario_.sessions(); i++) {
        const SessionSpec session = scenario_.session(i);
        for (unsigned k = 0; k < session.files; k++) {
            const FileSpec spec = scenario_.file(session, k);
            if (!verify(session, spec, *file_slot(number++), writer_of(spec)))
                return false;
        }
    }
    return true;
}

// Comes back only if the device refused, with the sessions unfrozen again.
Status Payload::attempt_kexec(const BreakCase *break_case) {
    if (const Errno error = live_update_.serialize(); error != Errno::ok) {
        report(live_update_.last_place());
        bail_out("freeze failed: ", error);
    }
    const Result<Outgoing> built = build_outgoing(pages_, {.memory_map = layout_.map,
                                                           .scratch = {scratch_, scratch_count_},
                                                           .session_header = live_update_.session_header(),
                                                           .flb_header = live_update_.flb_header(),
                                                           .liveupdate_number = life_,
                                                           .acpi_rsdp = info_->acpi_rsdp});
    if (!built)
        bail_out("no memory for the descriptor: ", built.error());
    Outgoing outgoing = *built;
    if (break_case == nullptr)
        say("# kexec ", life_, ": handing over ", totals_.sessions, " sessions, ", totals_.files, " files, ",
            totals_.bytes, " bytes; ", outgoing.preserved_bytes >> kho::page_shift, " pages in ",
            outgoing.descriptor->preserved.count, " runs");
    if (break_case == nullptr && !params_.forget_session.empty() && life_ == 1)
        forget(outgoing);
    BreakContext context{.pages = &pages_,
                         .outgoing = &outgoing,
                         .session_header = live_update_.session_header(),
                         .descriptor = pages_.window().address(outgoing.descriptor)};
    if (break_case != nullptr && break_descriptor(*break_case, context) != Errno::ok)
        bail_out("break=", break_case->name, ": could not build it, no memory");
    arch::watchdog(watchdog_seconds());
    arch::stop_other_cpus();
    const Status status =
        arch::enter_purgatory(arch::read_register64(Register::purgatory_entry), context.descriptor);

    status_index_ = arch::read_register64(Register::status_index);
    status_address_ = arch::read_register64(Register::status_address);
    if (context.extra_pages != 0)
        static_cast<void>(pages_.free_run(context.extra_run, context.extra_pages));
    free_outgoing(pages_, outgoing);
    if (live_update_.unserialize() != Errno::ok)
        bail_out("unfreeze failed");
    return status;
}

void Payload::forget(Outgoing &outgoing) {
    std::uint64_t number = 0;
    for (unsigned i = 0; i < scenario_.sessions(); i++) {
        const SessionSpec session = scenario_.session(i);
        for (unsigned k = 0; k < session.files; k++, number++) {
            if (session.name_view() != params_.forget_session ||
                scenario_.file(session, k).token != params_.forget_token)
                continue;
            for (const FileFolio &folio : file_slot(number)->content()) {
                if (params_.forget_page - folio.index >= std::uint64_t{1} << folio.order)
                    continue;
                ktap.note("forgetting the folio at ", Hex{kho::value(folio.at)}, ", ", folio.bytes(),
                          " bytes");
                if (!forget_block(outgoing, folio.at))
                    bail_out("that folio is not in the list");
                return;
            }
        }
    }
    bail_out("forget=: there is no such page");
}

bool Payload::was_refused_as(std::string_view what, Status expected, Status status) {
    const bool intact = verify_all_files();
    if (status != expected)
        report_error(what, ": refused with ", name(status), " (", static_cast<std::uint32_t>(status),
                     "), index ", status_index_, ", address ", Hex{status_address_}, "; expected ",
                     name(expected));
    return ktap.check(status == expected && intact, what, "refused as ", name(status),
                      intact ? ", sessions intact" : ", sessions damaged");
}

// break=NAME or break=all: each refusal must leave the old kernel as it was.
bool Payload::try_breaks() {
    const bool all = params_.break_case == "all";
    const BreakCase *wanted = find_break_case(params_.break_case);
    if (!all && wanted == nullptr)
        bail_out("break=: unknown case ", Quoted{params_.break_case});
    const std::span<const BreakCase> cases = all ? break_cases() : std::span(wanted, 1);
    const auto can_be_built = [&](const BreakCase &c) { return has_flbs() || !c.needs_flbs; };
    const auto count = static_cast<std::uint64_t>(std::ranges::count_if(cases, can_be_built));
    if (count == 0)
        bail_out("break=", params_.break_case, ": there are no FLBs");
    ktap.begin_subtest(count + 1);
    arch::write_register32(Register::command, static_cast<std::uint32_t>(kexec_handover::Command::verify));
    const auto verify = static_cast<Status>(arch::read_register32(Register::status));
    static_cast<void>(ktap.check(verify == Status::nothing_to_verify, "verify before a kexec", name(verify)));
    const Pages::Counts before = pages_.counts();
    for (const BreakCase &c : cases) {
        if (!can_be_built(c))
            continue;
        static_cast<void>(was_refused_as(c.name, c.expected, attempt_kexec(&c)));
        if (pages_.counts() != before)
            bail_out(c.name, ": pages were lost");
    }
    return ktap.end_subtest("refused descriptors");
}

// The next life gives this one's result. If there is none, this one does.
void Payload::hand_over() {
    ktap.totals();
    if (!ktap.close_subtest()) {
        static_cast<void>(give_result(false, life_));
        end();
    }
    refused(attempt_kexec(nullptr));
}

void Payload::refused(Status status) {
    const std::optional<Status> expected = status_named(params_.expect);
    Line name_line;
    put_life_name(name_line, life_);
    if (expected) {
        static_cast<void>(was_refused_as(name_line.text(), *expected, status));
    } else {
        const bool intact = verify_all_files();
        ktap.blame("kexec refused: ", name(status), ", index ", status_index_, ", address ",
                   Hex{status_address_}, intact ? "; sessions intact" : "; sessions damaged");
        static_cast<void>(ktap.check(false, name_line.text(), "refused with ", name(status), ", index ",
                                     status_index_, ", address ", Hex{status_address_}));
    }
    end();
}

}  // namespace guest
