// SPDX-License-Identifier: GPL-2.0-or-later
// The part of the new kernel with its sessions: retrieve, verify, finish, and account for every page.
#include "guest/kho/preserve.h"
#include "guest/payload/payload.h"
#include "guest/payload/stages.h"

namespace guest {

namespace {

constexpr unsigned listed_sessions = 7;  // the scenario's own; extra ones share a line

// Another order than that of preservation.
constexpr unsigned permuted(unsigned i, unsigned n) { return n % 37 == 0 ? n - 1 - i : (i * 37 + n / 2) % n; }

void report(Payload &p, const SessionSpec &session, const FileSpec &spec, const Mismatch &mismatch) {
    Line line;
    line.put("session ");
    line.put(Quoted{session.name_view()});
    line.put(" token ");
    line.put(Hex{spec.token});
    line.put(" offset ");
    line.put(Hex{mismatch.offset});
    switch (mismatch.what) {
        case Mismatch::What::size:
            line.put(": size");
            break;
        case Mismatch::What::position:
            line.put(": position");
            break;
        case Mismatch::What::missing:
            line.put(": page missing,");
            break;
        case Mismatch::What::superfluous:
            line.put(": a page in a hole,");
            break;
        case Mismatch::What::content:
            line.put(":");
            break;
    }
    line.put(" expected ");
    line.put(Hex{mismatch.expected});
    line.put(" found ");
    line.put(Hex{mismatch.found});
    if (mismatch.address != 0) {
        line.put(" at ");
        line.put(Hex{mismatch.address});
    }
    if (mismatch.poisoned())
        line.put(" (poison)");
    p.ktap.note(line.text());
    p.ktap.blame(line.text());
}

}  // namespace

bool verify(Payload &p, const SessionSpec &session, const FileSpec &spec, const MemoryFile &file,
            std::uint64_t writer) {
    const std::uint64_t seed = content_seed(session.name_view(), spec, writer);
    const std::optional<Mismatch> mismatch = verify_file(p.pages, file, spec, seed);
    if (mismatch)
        report(p, session, spec, *mismatch);
    return !mismatch;
}

namespace {

bool retrieve_session(Payload &p, unsigned i, unsigned first_file) {
    const SessionSpec spec = p.scenario.session(i);
    const Result<Session *> session = p.live_update.retrieve_session(spec.name_view());
    if (!session) {
        report(p, p.live_update.last_place());
        return false;
    }
    bool good = (*session)->file_set.count() == spec.files;
    if (!good)
        report_error(p, "session ", Quoted{spec.name_view()}, ": ", (*session)->file_set.count(),
                     " files instead of ", spec.files);
    for (unsigned k = 0; k < spec.files && good; k++) {
        const unsigned index = permuted(k, spec.files);
        const FileSpec file_spec = p.scenario.file(spec, index);
        const Result<File *> file = p.live_update.retrieve(**session, file_spec.token);
        if (!file) {
            report(p, p.live_update.last_place());
            return false;
        }
        if ((*file)->type != &MemoryFiles::type) {
            report_error(p, "session ", Quoted{spec.name_view()}, " token ", Hex{file_spec.token},
                         ": not a memory file");
            return false;
        }
        auto *memory_file = static_cast<MemoryFile *>(*file);
        file_slot(p, first_file + index) = memory_file;
        good = verify(p, spec, file_spec, *memory_file, writer_of(p, file_spec));
        p.totals.files++;
        p.totals.bytes += content_bytes(*memory_file);
    }
    p.totals.sessions++;
    return good;
}

}  // namespace

bool retrieve_sessions(Payload &p) {
    arch::watchdog(watchdog_seconds(p));
    p.content_life = p.life - 1;
    p.totals = {};
    const unsigned extra = p.scenario.sessions() - listed_sessions;
    p.ktap.begin_subtest(listed_sessions + (extra > 0 ? 1 : 0) + 1);
    unsigned next = p.scenario.files();
    bool extra_good = true;
    for (unsigned i = p.scenario.sessions(); i-- > 0;) {
        const SessionSpec spec = p.scenario.session(i);
        next -= spec.files;
        const std::uint64_t before = p.totals.bytes;
        const bool good = retrieve_session(p, i, next);
        if (i < listed_sessions)
            static_cast<void>(p.ktap.check(good, Quoted{spec.name_view()}, spec.files, " files, ",
                                           p.totals.bytes - before, " bytes"));
        else
            extra_good = extra_good && good;
        if (i == listed_sessions)
            static_cast<void>(p.ktap.check(extra_good, "extra sessions", extra));
    }
    // Of no use to us: we compute what must be there.
    const bool manifest_good =
        !p.params.manifest || p.live_update.retrieve_session(agent::manifest_session).error() == Errno::ok;
    if (!manifest_good)
        report(p, p.live_update.last_place());
    // What must not work, and what works twice.
    const Result<Session *> again = p.live_update.retrieve_session(p.scenario.session(1).name_view());
    const Result<Session *> unknown = p.live_update.retrieve_session("no such session");
    Session &session = *p.live_update.incoming().first()->next;
    const std::uint64_t token = p.scenario.file(p.scenario.session(1), 2).token;
    const Result<File *> same = p.live_update.retrieve(session, token);
    const bool same_good =
        same && *same == file_slot(p, p.scenario.session(0).files + 2) && (*same)->references == 3;
    if (same)
        put_file(**same);
    static_cast<void>(
        p.ktap.check(manifest_good && again.error() == Errno::einval && unknown.error() == Errno::enoent &&
                         same_good && p.live_update.retrieve(session, 999).error() == Errno::enoent,
                     "a file twice is the same file; a session twice, and what is not there, is refused"));
    return p.ktap.end_subtest(p.stage);
}

bool cycle_after_kexec(Payload &p) {
    if (!p.params.cycle)
        return true;
    p.ktap.begin_subtest(LifeCycle::results_after_kexec);
    p.life_cycle.after_kexec(p.ktap);
    count_cycle(p);
    return p.ktap.end_subtest(p.stage);
}

// All that were retrieved.
bool finish_sessions(Payload &p) {
    Errno error = Errno::ok;
    std::uint64_t finished = 0;
    for (Session *session = p.live_update.incoming().first(), *next = nullptr; session != nullptr;
         session = next) {
        next = session->next;
        if (session->state != SessionState::retrieved)
            continue;
        // Half of them by name, half by letting go.
        if (finished % 2 == 0)
            error = p.live_update.finish(*session);
        if (error == Errno::ok)
            error = p.live_update.release(*session);
        if (error != Errno::ok) {
            report(p, p.live_update.last_place());
            break;
        }
        finished++;
    }
    const bool good = p.ktap.check(error == Errno::ok, p.stage, finished, " sessions");
    if (!p.params.cycle)
        return good;
    return p.ktap.check(p.life_cycle.lonely_session_stays(),
                        "a session that was not retrieved stays, and keeps live update in use") &&
           good;
}

// Of what the last kernel preserved, only the files' own folios are still in use.
bool account_pages(Payload &p) {
    static_cast<void>(restore_free(p.pages, p.handover.subtree(kho::abi::luo_subtree_name)->address));
    static_cast<void>(p.handover.release_metadata(p.pages));
    std::uint64_t expected = p.memory_files.object_pages() + p.table_pages + p.life_cycle.used_pages() +
                             p.live_update.bookkeeping_pages();
    for (unsigned i = 0; i < p.scenario.files(); i++) {
        const MemoryFile &file = *file_slot(p, i);
        expected += file.array_pages;
        for (const FileFolio &folio : file.content()) expected += std::uint64_t{1} << folio.order;
    }
    const Pages::Counts counts = p.pages.counts();
    const bool good =
        counts.incoming == p.life_cycle.incoming_pages(*p.luo.format) && counts.used == expected &&
        counts.preserved == kho::abi::session_area_pages + (has_flbs(p) ? kho::abi::flb_area_pages : 0);
    if (!good)
        p.ktap.note(counts.incoming, " pages left over instead of ",
                    p.life_cycle.incoming_pages(*p.luo.format), ", ", counts.used, " in use instead of ",
                    expected, ", ", counts.preserved, " preserved");
    return p.ktap.check(good, p.stage);
}

bool stop_everything(Payload &p) {
    for (unsigned i = 0; i < p.scenario.files(); i++) put_file(*file_slot(p, i));
    Errno error = p.params.cycle ? p.life_cycle.stop() : Errno::ok;
    if (error == Errno::ok && p.params.linux_flbs)
        error = p.linux_flbs.remove_from(p.live_update.registry(), p.memfd[0]);
    if (error == Errno::ok)
        error = p.live_update.stop();
    if (error != Errno::ok)
        report_error(p, "letting go: ", error);
    static_cast<void>(p.pages.free_run(p.table_run, p.table_pages));
    const Pages::Counts counts = p.pages.counts();
    if (counts.used != 0 || counts.preserved != 0)
        p.ktap.note(counts.used, " pages in use, ", counts.preserved, " preserved");
    return p.ktap.check(error == Errno::ok && counts.used == 0 && counts.preserved == 0, p.stage);
}

}  // namespace guest
