// SPDX-License-Identifier: GPL-2.0-or-later
// The new kernel's part of the life cycle.
#include "guest/payload/life_cycle.h"

namespace guest {

using Call = TestCalls::Call;

Session *LifeCycle::session_of(unsigned number) {
    const Result<Session *> session = live_update_->retrieve_session(names[number]);
    session_[number] = session ? *session : nullptr;
    return session_[number];
}

// Retrieves it, and again: the same file, with a reference for each of us.
bool LifeCycle::retrieve_file(Session &session, std::uint64_t token) {
    const Result<File *> file = live_update_->retrieve(session, token);
    if (!file)
        return false;
    auto *test_file = static_cast<TestFile *>(*file);
    const Result<File *> again = live_update_->retrieve(session, token);
    if (again)
        put_file(**again);
    for (unsigned i = 0; i < files; i++) {
        const Spec s = spec(i);
        if (incoming_id(s) != token)
            continue;
        file_[i] = test_file;
        file_[i]->type = &type_of(s.handler);
    }
    return again && *again == *file && test_file->references == 2 && test_file->id == token;
}

bool LifeCycle::flbs_are_retrieved_once() {
    calls_.clear_trace();
    for (std::uint64_t i = 0; i < 2; i++) {
        const Result<void *> object = live_update_->get_incoming(flb_[i]);
        const Result<void *> again = live_update_->get_incoming(flb_[i]);
        if (!object || !again || *object != *again || TestFlb::id_of(*object) != i + 1)
            return false;
        if (live_update_->put_incoming(flb_[i]) != Errno::ok ||
            live_update_->put_incoming(flb_[i]) != Errno::ok)
            return false;
    }
    const Call expected[] = {{Callback::flb_retrieve, 0, 1}, {Callback::flb_retrieve, 0, 2}};
    return calls_.is_trace(expected) && live_update_->unknown_flbs() == 0;
}

bool LifeCycle::shared_files_are_retrieved() {
    bool good = session_of(1) != nullptr && session_of(0) != nullptr;
    // Another order than that of preservation.
    for (const unsigned i : {4U, 1U, 3U, 0U, 2U})
        good = good && retrieve_file(*session_[spec(i).session], spec(i).id);
    return good && live_update_->retrieve(*session_[0], 4).error() == Errno::enoent &&
           live_update_->retrieve_session(names[0]).error() == Errno::einval;
}

bool LifeCycle::failed_retrieve_is_remembered() {
    if (session_of(2) == nullptr || !retrieve_file(*session_[2], 6))
        return false;
    calls_.clear_trace();
    calls_.fail(Callback::retrieve, 1, Errno::eio);
    const Errno first = live_update_->retrieve(*session_[2], 7).error();
    const Errno second = live_update_->retrieve(*session_[2], 7).error();
    const Call expected[] = {{Callback::retrieve, 0, 7}};
    return first == Errno::eio && second == Errno::eio && calls_.is_trace(expected);
}

bool LifeCycle::finish_is_refused() {
    const Pages::Counts before = pages_->counts();
    for (const std::uint64_t n : {1U, 2U, 3U}) {
        calls_.clear_trace();
        calls_.fail(Callback::can_finish, n);
        // By name the first time, by letting go of the session then.
        const Errno error = n == 1 ? live_update_->finish(*session_[2]) : live_update_->release(*session_[2]);
        if (error != Errno::ebusy || calls_.trace().size() != n || session_[2]->file_set.count() != 3 ||
            pages_->counts() != before)
            return false;
    }
    return true;
}

// 8 was never retrieved, 7 failed to be, 6 is ours.
bool LifeCycle::finish_is_granted() {
    calls_.clear_trace();
    const auto eio = -static_cast<std::int32_t>(Errno::eio);
    const Call expected[] = {
        {Callback::can_finish, 0, 6},
        {Callback::can_finish, 0, TestCalls::nothing},
        {Callback::can_finish, 0, TestCalls::nothing},
        {Callback::finish, 0, TestCalls::nothing},
        {Callback::finish, eio, TestCalls::nothing},
        {Callback::finish, 1, 6},
    };
    const bool good = live_update_->finish(*session_[2]) == Errno::ok && calls_.is_trace(expected) &&
                      file_[5]->references == 1 &&
                      live_update_->retrieve(*session_[2], 6).error() == Errno::enoent;
    return live_update_->release(*session_[2]) == Errno::ok && good;
}

// 6 is finished, 1 is not.
bool LifeCycle::files_are_held_until_finished() {
    const Result<Session *> onward = live_update_->create_session("cycle: onward");
    if (!onward)
        return false;
    const bool held = live_update_->preserve(**onward, 1, file_[0]) == Errno::ebusy;
    const bool free = live_update_->preserve(**onward, 1, file_[5]) == Errno::ok;
    return live_update_->release(**onward) == Errno::ok && held && free && file_[5]->references == 1;
}

bool LifeCycle::flbs_end_with_their_last_file() {
    calls_.clear_trace();
    bool good = live_update_->release(*session_[0]) == Errno::ok && calls_.count(Callback::flb_finish) == 0;
    calls_.clear_trace();
    const Call expected[] = {
        {Callback::can_finish, 0, 4}, {Callback::can_finish, 0, 5}, {Callback::finish, 1, 5},
        {Callback::finish, 1, 4},     {Callback::flb_finish, 0, 2}, {Callback::flb_finish, 0, 1},
    };
    good = live_update_->release(*session_[1]) == Errno::ok && good && calls_.is_trace(expected);
    return good && live_update_->get_incoming(flb_[0]).error() == Errno::enodata;
}

bool LifeCycle::lonely_session_stays() {
    const Session *session = live_update_->incoming().first();
    alone_is_there_ = live_update_->incoming().count() == 1 && session->name_view() == names[3] &&
                      session->state == SessionState::incoming && session->file_set.count() == 1;
    return alone_is_there_ && live_update_->registry().remove(handler_[2]) == Errno::ebusy &&
           live_update_->stop() == Errno::ebusy;
}

void LifeCycle::after_kexec(Ktap &ktap) {
    bool good = ktap.check(flbs_are_retrieved_once(), "FLBs are retrieved once, on the first request");
    good = ktap.check(good && shared_files_are_retrieved(),
                      "files of several sessions are retrieved in any order, and again");
    good = ktap.check(good && failed_retrieve_is_remembered(), "a retrieve that failed is not tried again");
    good =
        ktap.check(good && finish_is_refused(), "one file cannot finish: nothing is done, whichever it is");
    good = ktap.check(good && finish_is_granted(),
                      "later it can; files that were not retrieved end with the others");
    good = ktap.check(good && files_are_held_until_finished(),
                      "a file goes on to the next life when it is finished, not before");
    good = ktap.check(good && flbs_end_with_their_last_file(), "FLBs end with the last file of all sessions");
    ktap.check(good && calls_.violations() == 0, "every callback was given what an earlier one returned");
}

}  // namespace guest
