// SPDX-License-Identifier: GPL-2.0-or-later
// The part of the new kernel with its sessions: retrieve, verify, finish, and account for every page.
#include "guest/kho/preserve.h"
#include "guest/payload/payload.h"

namespace guest {

using kho::PhysAddr;

namespace {

constexpr unsigned listed_sessions = 7;  // the scenario's own; extra ones share a line

// Another order than that of preservation.
constexpr unsigned permuted(unsigned i, unsigned n) { return n % 37 == 0 ? n - 1 - i : (i * 37 + n / 2) % n; }

}  // namespace

void Payload::report(const SessionSpec &session, const FileSpec &spec, const Mismatch &mismatch) {
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
    ktap.note(line.text());
    ktap.blame(line.text());
}

bool Payload::verify(const SessionSpec &session, const FileSpec &spec, const MemoryFile &file,
                     std::uint64_t writer) {
    const std::uint64_t seed = content_seed(session.name_view(), spec, writer);
    const std::optional<Mismatch> mismatch = verify_file(pages_, file, spec, seed);
    if (mismatch)
        report(session, spec, *mismatch);
    return !mismatch;
}

bool Payload::retrieve_session(unsigned i, unsigned first_file) {
    const SessionSpec spec = scenario_.session(i);
    const Result<Session *> session = live_update_.retrieve_session(spec.name_view());
    if (!session) {
        report(live_update_.last_place());
        return false;
    }
    bool good = (*session)->file_set.count() == spec.files;
    if (!good)
        report_error("session ", Quoted{spec.name_view()}, ": ", (*session)->file_set.count(),
                     " files instead of ", spec.files);
    for (unsigned k = 0; k < spec.files && good; k++) {
        const unsigned index = permuted(k, spec.files);
        const FileSpec file_spec = scenario_.file(spec, index);
        const Result<File *> file = live_update_.retrieve(**session, file_spec.token);
        if (!file) {
            report(live_update_.last_place());
            return false;
        }
        if ((*file)->type != &MemoryFiles::type) {
            report_error("session ", Quoted{spec.name_view()}, " token ", Hex{file_spec.token},
                         ": not a memory file");
            return false;
        }
        auto *memory_file = static_cast<MemoryFile *>(*file);
        file_slot(first_file + index) = memory_file;
        good = verify(spec, file_spec, *memory_file, writer_of(file_spec));
        totals_.files++;
        totals_.bytes += content_bytes(*memory_file);
    }
    totals_.sessions++;
    return good;
}

bool Payload::retrieve_sessions() {
    arch::watchdog(watchdog_seconds());
    content_life_ = life_ - 1;
    totals_ = {};
    const unsigned extra = scenario_.sessions() - listed_sessions;
    ktap.begin_subtest(listed_sessions + (extra > 0 ? 1 : 0) + 1);
    unsigned next = scenario_.files();
    bool extra_good = true;
    for (unsigned i = scenario_.sessions(); i-- > 0;) {
        const SessionSpec spec = scenario_.session(i);
        next -= spec.files;
        const std::uint64_t before = totals_.bytes;
        const bool good = retrieve_session(i, next);
        if (i < listed_sessions)
            static_cast<void>(ktap.check(good, Quoted{spec.name_view()}, spec.files, " files, ",
                                         totals_.bytes - before, " bytes"));
        else
            extra_good = extra_good && good;
        if (i == listed_sessions)
            static_cast<void>(ktap.check(extra_good, "extra sessions", extra));
    }
    // Of no use to us: we compute what must be there.
    if (params_.manifest && !live_update_.retrieve_session(agent::manifest_session)) {
        report(live_update_.last_place());
        extra_good = false;
        ktap.blame("no manifest");
    }
    // What must not work, and what works twice.
    const Result<Session *> again = live_update_.retrieve_session(scenario_.session(1).name_view());
    const Result<Session *> unknown = live_update_.retrieve_session("no such session");
    Session &session = *live_update_.incoming().first()->next;
    const std::uint64_t token = scenario_.file(scenario_.session(1), 2).token;
    const Result<File *> same = live_update_.retrieve(session, token);
    const bool same_good =
        same && *same == file_slot(scenario_.session(0).files + 2) && (*same)->references == 3;
    if (same)
        put_file(**same);
    static_cast<void>(
        ktap.check(again.error() == Errno::einval && unknown.error() == Errno::enoent && same_good &&
                       live_update_.retrieve(session, 999).error() == Errno::enoent,
                   "a file twice is the same file; a session twice, and what is not there, is refused"));
    return ktap.end_subtest("retrieve and verify every byte");
}

bool Payload::cycle_after_kexec() {
    if (!params_.cycle)
        return true;
    ktap.begin_subtest(LifeCycle::results_after_kexec);
    life_cycle_.after_kexec(ktap);
    count_cycle();
    return ktap.end_subtest("life cycle of files in the new kernel");
}

// All that were retrieved.
bool Payload::finish_sessions() {
    Errno error = Errno::ok;
    std::uint64_t finished = 0;
    for (Session *session = live_update_.incoming().first(), *next = nullptr; session != nullptr;
         session = next) {
        next = session->next;
        if (session->state != SessionState::retrieved)
            continue;
        // Half of them by name, half by letting go.
        if (finished % 2 == 0)
            error = live_update_.finish(*session);
        if (error == Errno::ok)
            error = live_update_.release(*session);
        if (error != Errno::ok) {
            report(live_update_.last_place());
            break;
        }
        finished++;
    }
    const bool good = ktap.check(error == Errno::ok, "finish", finished, " sessions");
    if (!params_.cycle)
        return good;
    return ktap.check(life_cycle_.lonely_session_stays(),
                      "a session that was not retrieved stays, and keeps live update in use") &&
           good;
}

// Of what the last kernel preserved, only the files' own folios are still in use.
bool Payload::account_pages() {
    static_cast<void>(restore_free(pages_, handover_.subtree(kho::abi::luo_subtree_name)->address));
    static_cast<void>(handover_.release_metadata(pages_));
    std::uint64_t expected = memory_files_.object_pages() + table_pages_ + life_cycle_.used_pages() +
                             live_update_.bookkeeping_pages();
    for (unsigned i = 0; i < scenario_.files(); i++) {
        const MemoryFile &file = *file_slot(i);
        expected += file.array_pages;
        for (const FileFolio &folio : file.content()) expected += std::uint64_t{1} << folio.order;
    }
    const Pages::Counts counts = pages_.counts();
    const bool good =
        counts.incoming == life_cycle_.incoming_pages(*luo_.format) && counts.used == expected &&
        counts.preserved == kho::abi::session_area_pages + (has_flbs() ? kho::abi::flb_area_pages : 0);
    if (!good)
        ktap.note(counts.incoming, " pages left over instead of ", life_cycle_.incoming_pages(*luo_.format),
                  ", ", counts.used, " in use instead of ", expected, ", ", counts.preserved, " preserved");
    return ktap.check(good, "every page of the handover was given back");
}

bool Payload::stop_everything() {
    for (unsigned i = 0; i < scenario_.files(); i++) put_file(*file_slot(i));
    Errno error = params_.cycle ? life_cycle_.stop() : Errno::ok;
    if (error == Errno::ok && params_.linux_flbs)
        error = linux_flbs_.remove_from(live_update_.registry(), memfd_[0]);
    if (error == Errno::ok)
        error = live_update_.stop();
    if (error != Errno::ok)
        report_error("letting go: ", error);
    static_cast<void>(pages_.free_run(table_run_, table_pages_));
    const Pages::Counts counts = pages_.counts();
    if (counts.used != 0 || counts.preserved != 0)
        ktap.note(counts.used, " pages in use, ", counts.preserved, " preserved");
    return ktap.check(error == Errno::ok && counts.used == 0 && counts.preserved == 0, "no page leaked");
}

}  // namespace guest
