// SPDX-License-Identifier: GPL-2.0-or-later
// The whole life cycle of files, with test files whose callbacks fail on request, beside the
// memory files of the scenario. Four sessions go through every kexec:
//
//   session              files (handler)                     FLBs of the handlers
//   "cycle: shared 1"    1, 2, 3 (test-v1)                   test-v1  ──> flb 1, flb 2
//   "cycle: shared 2"    4 (test-v1), 5 (test-v2)            test-v2  ──> flb 2
//   "cycle: unfinished"  6, 7, 8 (test-v1)
//   "cycle: left alone"  100 + life (test-v3)                test-v3  ──> none
//
// In the new kernel the files of the first two are retrieved and go on to the next life. Of the third one
// file is retrieved, one fails to be, one is never asked for, and finishing is refused three times. No stage
// retrieves the fourth: it stays until the next kexec loses it; the last life takes it after all, so that
// every page can be accounted for.
#pragma once

#include "guest/luo/handlers/test_files.h"
#include "guest/luo/live_update.h"
#include "guest/payload/ktap.h"

namespace guest {

class LifeCycle {
public:
    static constexpr unsigned sessions = 4;
    static constexpr unsigned files = 9;
    // Results that each part gives.
    static constexpr unsigned results_before_kexec = 6, results_after_kexec = 8;

    constexpr LifeCycle() = default;

    // Registers handlers and FLBs. The life is the one that runs.
    Errno start(Pages &pages, LiveUpdate &live_update, std::uint64_t life);

    // The old kernel. Preserves all sessions; `last_place()` of the orchestrator tells what went wrong.
    Errno preserve();
    // Cancelled and failing live updates. Leaves everything as it was.
    void before_kexec(Ktap &ktap);

    // The new kernel. All but "left alone" are gone afterwards; we keep the files that go on.
    void after_kexec(Ktap &ktap);
    // When all other sessions are finished. As in a kernel, whatever is not asked for stays, and keeps LUO in
    // use.
    bool lonely_session_stays();
    // Pages of the session that was not retrieved.
    std::uint64_t incoming_pages(const LuoFormat &format) const {
        return alone_is_there_ ? format.least_set_pages + 1 : 0;
    }
    std::uint64_t used_pages() const { return test_files_.pages(); }

    // Lets go of everything: the session that was left alone, our files, handlers and FLBs.
    Errno stop();

private:
    struct Spec {
        unsigned session;
        unsigned handler;
        std::uint64_t id;
    };
    static constexpr const char *names[sessions] = {"cycle: shared 1", "cycle: shared 2", "cycle: unfinished",
                                                    "cycle: left alone"};
    static constexpr unsigned handlers = 3;

    Spec spec(unsigned file) const;
    const FileType &type_of(unsigned handler) const;
    // What the last kernel called it.
    std::uint64_t incoming_id(const Spec &spec) const;

    bool registration_is_strict();
    bool closing_unpreserves();
    bool freeze_fails_at(std::uint64_t n);
    bool flbs_are_retrieved_once();
    bool shared_files_are_retrieved();
    bool failed_retrieve_is_remembered();
    bool finish_is_refused();
    bool finish_is_granted();
    bool files_are_held_until_finished();
    bool flbs_end_with_their_last_file();
    bool retrieve_file(Session &session, std::uint64_t token);
    Session *session_of(unsigned number);

    Pages *pages_ = nullptr;
    LiveUpdate *live_update_ = nullptr;
    std::uint64_t life_ = 1;
    TestCalls calls_;
    TestFiles test_files_;
    TestHandler handler_[handlers];
    TestFlb flb_[2];
    TestFile *file_[files] = {};  // ours; null: not made, or not retrieved
    Session *session_[sessions] = {};
    bool alone_is_there_ = false;
};

}  // namespace guest
