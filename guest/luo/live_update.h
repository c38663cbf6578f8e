// SPDX-License-Identifier: GPL-2.0-or-later
// The Live Update Orchestrator: sessions, and everything that is done over all of them.
// Compare kernel/liveupdate/luo_session.c and luo_core.c.
//
//                 create_session                    retrieve_session
//   old kernel:  ────────────────> outgoing           new kernel: incoming ────────────────> retrieved
//                    preserve, release                                            retrieve, finish, release
//
//   running ──serialize──> frozen ──(kexec)            frozen ──unserialize──> running
//
// An operation on a session of the wrong kind is EINVAL; else, while frozen, every operation that would
// change something is EBUSY (the kernel lets them wait until the reboot failed or succeeded).
#pragma once

#include "guest/luo/file_set.h"

namespace guest {

enum class SessionState : std::uint8_t { outgoing, incoming, retrieved };

struct Session {
    Session *next, *previous;
    Session *hash_next;
    std::uint64_t hash;
    SessionState state;
    char name[64];  // NUL-terminated
    FileSet file_set;

    std::string_view name_view() const { return name; }
};

// What the arrays hold. Both kernels must agree, so they are a constant of the caller that starts it; the format's
// own are the default.
struct LuoLimits {
    std::uint64_t sessions = kho::abi::max_sessions;
    std::uint64_t files_per_set = kho::abi::max_files_per_set;
};

class LiveUpdate {
public:
    constexpr LiveUpdate() = default;

    // Takes the session area and the page of the FLBs. `enabled` as liveupdate=on; with it off, what needs it
    // is EOPNOTSUPP. `flbs`: false for what 6.19 is, a kernel without FLBs and without that page.
    template <LuoLimits limits = LuoLimits{}>
    Errno start(Pages &pages, bool enabled, bool flbs = true) {
        static_assert(limits.sessions > 0 && limits.files_per_set > 0);
        return start_with(pages, enabled, flbs, limits);
    }
    // Gives them back. EBUSY: there are sessions, an FLB is in use, or it is frozen.
    Errno stop();

    Registry &registry() { return registry_; }

    // EINVAL: the name is empty or longer than 63 bytes. ENOSPC, EEXIST, ENOMEM.
    Result<Session *> create_session(std::string_view name);
    Errno preserve(Session &session, std::uint64_t token, File *file);

    // ENOENT: there is none of that name. EINVAL: it was retrieved before.
    Result<Session *> retrieve_session(std::string_view name);
    Result<File *> retrieve(Session &session, std::uint64_t token);
    Errno finish(Session &session);

    // Outgoing: unpreserves its files. Retrieved: finishes them, and stays if that is refused (EBUSY). The
    // session is gone then. EINVAL: an incoming session that was not retrieved.
    Errno release(Session &session);

    // The live object of an FLB, for its users, and letting go of it: see FlbSet. EOPNOTSUPP, and
    // EBUSY while frozen, as everything else that changes something.
    Result<void *> get_outgoing(Flb &flb);
    Errno put_outgoing(Flb &flb);
    Result<void *> get_incoming(Flb &flb);
    Errno put_incoming(Flb &flb);

    // Freezes all files of all sessions and writes the arrays. An error undoes everything, last first.
    Errno serialize();
    // After a kexec that did not happen. EINVAL if nothing is frozen.
    Errno unserialize();

    // Whether the session area, the file arrays of all outgoing sessions and the FLBs say nothing: not while
    // frozen, if there is a session.
    bool serialized_is_clear() const;

    // Makes the incoming sessions, once: later calls return what the first one did. Everything is checked
    // before any memory is given back, so an error leaves the handover as it was.
    Errno deserialize(const LuoRoot &root);

    // Of the areas to hand over.
    kho::PhysAddr session_header() const { return header_; }
    kho::PhysAddr flb_header() const { return flbs_.area(); }
    // FLBs of the last kernel that are not registered here.
    std::uint64_t unknown_flbs() const { return flbs_.unknown(); }
    // Pages that sessions, their files and dependencies take here, their serialized forms not counted.
    std::uint64_t bookkeeping_pages() const {
        return pool_.pages() + by_name_.pages() + files_.entries.pages() + files_.by_token.pages() +
               registry_.pages();
    }
    // By name, retrieved or not; nullptr if there is none.
    Session *find_incoming(std::string_view name) const { return find(name, true); }
    const List<Session> &outgoing() const { return outgoing_; }
    const List<Session> &incoming() const { return incoming_; }
    // What went wrong in the last operation, and its errno; empty if nothing did.
    const Place &last_place() const { return place_; }

private:
    enum class Phase : std::uint8_t { stopped, running, frozen };
    enum class Op : std::uint8_t { preserve, retrieve, finish, release };

    Errno start_with(Pages &pages, bool enabled, bool flbs, const LuoLimits &limits);
    Errno may(Op op, const Session &session) const;
    // The last thing that every operation does: remembers what its caller gets.
    Errno noted(Errno error, const Place &place);
    Errno noted(Errno error, std::string_view session);
    Result<Session *> create(std::string_view name);
    std::uint64_t area_bytes() const { return session_area_bytes(limits_.sessions); }
    Session *find(std::string_view name, bool incoming) const;
    Result<Session *> add(std::string_view name, SessionState state);
    void remove(Session &session);
    Errno may_use_flbs() const;
    Result<void *> told_of_flb(const Flb &flb, const Result<void *> &object);
    Errno deserialize_all(const LuoRoot &root, Place &place);
    void release_incoming_areas(const LuoRoot &root);
    Errno check_flbs(Place &place) const;
    Errno deserialize_one(const kho::abi::luo_session_ser &ser, const LuoFormat &format, std::uint64_t at,
                          Place &place);
    Errno add_incoming(const kho::abi::luo_session_ser &ser, const LuoFormat &format, std::uint64_t at,
                       Place &place);

    Phase phase_ = Phase::stopped;
    LuoLimits limits_;
    Registry registry_;
    FlbSet flbs_;
    FileSetContext files_;
    Pool<Session> pool_;
    HashTable<Session> by_name_;
    List<Session> outgoing_;
    List<Session> incoming_;
    kho::PhysAddr header_{};
    bool deserialized_ = false;
    Errno deserialize_error_ = Errno::ok;
    Place deserialize_place_;
    Place place_;
};

}  // namespace guest
