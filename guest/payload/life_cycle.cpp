// SPDX-License-Identifier: GPL-2.0-or-later
// What both kernels share, and the old kernel's part.
#include "guest/payload/life_cycle.h"

namespace guest {

namespace {

// Each handler takes files of a type of its own; how they go away is the same.
constinit FileType second_type{"second test file", nullptr};
constinit FileType third_type{"third test file", nullptr};

constexpr std::string_view handler_names[] = {"test-v1", "test-v2", "test-v3"};
constexpr std::string_view flb_names[] = {"test-flb-1", "test-flb-2"};

}  // namespace

const FileType &LifeCycle::type_of(unsigned handler) const {
    const FileType *types[handlers] = {&TestFiles::type, &second_type, &third_type};
    return *types[handler];
}

LifeCycle::Spec LifeCycle::spec(unsigned file) const {
    if (file < 3)
        return {0, 0, file + 1};
    if (file < 5)
        return {1, file - 3, file + 1};
    if (file < 8)
        return {2, 0, file + 1};
    return {3, 2, 100 + life_};
}

std::uint64_t LifeCycle::incoming_id(const Spec &spec) const {
    return spec.session == 3 ? spec.id - 1 : spec.id;
}

Errno LifeCycle::start(Pages &pages, LiveUpdate &live_update, std::uint64_t life) {
    pages_ = &pages;
    live_update_ = &live_update;
    life_ = life;
    test_files_.init(pages);
    second_type.release = third_type.release = TestFiles::type.release;
    Registry &registry = live_update.registry();
    for (unsigned i = 0; i < handlers; i++) {
        handler_[i].init(pages, test_files_, calls_, handler_names[i], type_of(i));
        if (const Errno error = registry.add(handler_[i]); error != Errno::ok)
            return error;
    }
    for (unsigned i = 0; i < 2; i++) flb_[i].init(pages, calls_, flb_names[i], i + 1);
    for (TestFlb &flb : flb_)
        if (const Errno error = registry.add_flb(handler_[0], flb); error != Errno::ok)
            return error;
    return registry.add_flb(handler_[1], flb_[1]);
}

Errno LifeCycle::preserve() {
    for (unsigned i = 0; i < sessions; i++) {
        const Result<Session *> session = live_update_->create_session(names[i]);
        if (!session)
            return session.error();
        session_[i] = *session;
    }
    for (unsigned i = 0; i < files; i++) {
        const Spec s = spec(i);
        if (file_[i] == nullptr) {
            const Result<TestFile *> file = test_files_.create(s.id);
            if (!file)
                return file.error();
            file_[i] = *file;
            file_[i]->type = &type_of(s.handler);
        }
        if (const Errno error = live_update_->preserve(*session_[s.session], s.id, file_[i]);
            error != Errno::ok)
            return error;
    }
    return Errno::ok;
}

Errno LifeCycle::stop() {
    if (alone_is_there_) {
        // Whatever the last kernel left there is what its handler finds.
        Session *alone = session_of(3);
        if (alone == nullptr || !retrieve_file(*alone, 100 + life_ - 1))
            return Errno::eio;
        if (const Errno error = live_update_->release(*alone); error != Errno::ok)
            return error;
        alone_is_there_ = false;
    }
    for (TestFile *&file : file_) {
        if (file != nullptr)
            put_file(*file);
        file = nullptr;
    }
    for (TestHandler &handler : handler_)
        if (const Errno error = live_update_->registry().remove(handler); error != Errno::ok)
            return error;
    return calls_.violations() == 0 ? Errno::ok : Errno::eio;
}

// There are sessions, so nothing may change; what is wrong in itself is reported first.
bool LifeCycle::registration_is_strict() {
    Registry &registry = live_update_->registry();
    TestHandler other;
    other.init(*pages_, test_files_, calls_, "other-v1");
    FileOps incomplete = *other.ops;
    incomplete.can_preserve = nullptr;
    TestHandler broken = other;
    broken.ops = &incomplete;
    TestFlb flb;
    flb.init(*pages_, calls_, "other-flb", 3);
    return registry.add(broken) == Errno::einval && registry.add(other) == Errno::ebusy &&
           registry.remove(handler_[0]) == Errno::ebusy &&
           registry.add_flb(handler_[0], flb) == Errno::ebusy &&
           registry.remove_flb(handler_[0], flb_[0]) == Errno::ebusy && live_update_->stop() == Errno::ebusy;
}

// The agent goes away before the kexec: its session is closed. The last one, which is made again then: there
// may be no room for another.
bool LifeCycle::closing_unpreserves() {
    const Result<TestFile *> created = test_files_.create(201);
    if (!created)
        return false;
    TestFile &first = *file_[files - 1], &second = **created;
    const Pages::Counts before = pages_->counts();
    Session &session = *session_[3];
    bool good = live_update_->preserve(session, 201, &second) == Errno::ok &&
                live_update_->preserve(session, 201, &second) == Errno::eexist &&
                live_update_->preserve(session, 202, &second) == Errno::ebusy &&
                live_update_->preserve(session, 202, nullptr) == Errno::ebadf;
    calls_.clear_trace();
    good = live_update_->release(session) == Errno::ok && good;
    const TestCalls::Call expected[] = {{Callback::unpreserve, 0, 201}, {Callback::unpreserve, 0, first.id}};
    good = good && calls_.is_trace(expected) && first.references == 1 && second.references == 1;
    const Result<Session *> again = live_update_->create_session(names[3]);
    session_[3] = *again;
    good = good && again && live_update_->preserve(**again, first.id, &first) == Errno::ok &&
           pages_->counts() == before;
    put_file(second);
    return good;
}

// Of all test files the n-th, from 1 on, refuses to freeze.
bool LifeCycle::freeze_fails_at(std::uint64_t n) {
    const Pages::Counts before = pages_->counts();
    calls_.clear_trace();
    calls_.fail(Callback::freeze, n, Errno::eio);
    if (live_update_->serialize() != Errno::eio ||
        live_update_->last_place().token != spec(static_cast<unsigned>(n - 1)).id)
        return false;
    TestCalls::Call expected[2 * files];
    std::size_t count = 0;
    for (std::uint64_t i = 0; i < n; i++)
        expected[count++] = {Callback::freeze, 0, spec(static_cast<unsigned>(i)).id};
    for (std::uint64_t i = n - 1; i-- > 0;)
        expected[count++] = {Callback::unfreeze, 0, spec(static_cast<unsigned>(i)).id};
    return calls_.is_trace({expected, count}) && live_update_->serialized_is_clear() &&
           pages_->counts() == before;
}

void LifeCycle::before_kexec(Ktap &ktap) {
    ktap.check(registration_is_strict(), "handlers and FLBs neither come nor go while there are sessions");
    ktap.check(closing_unpreserves(),
               "a session that is closed before the kexec unpreserves its files, last first");
    ktap.check(freeze_fails_at(1), "the first file refuses to freeze: cancelled");
    ktap.check(freeze_fails_at(files / 2 + 1),
               "a file in the middle refuses to freeze: what was frozen is unfrozen");
    ktap.check(freeze_fails_at(files),
               "the last file refuses to freeze: all others are unfrozen, last first");
    const bool again = live_update_->serialize() == Errno::ok && !live_update_->serialized_is_clear() &&
                       live_update_->unserialize() == Errno::ok && live_update_->serialized_is_clear();
    ktap.check(again && calls_.violations() == 0, "then a second attempt succeeds");
}

}  // namespace guest
