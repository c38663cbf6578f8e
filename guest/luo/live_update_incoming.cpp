// SPDX-License-Identifier: GPL-2.0-or-later
// The new kernel's side of the orchestrator.
#include "guest/luo/live_update.h"
#include "guest/luo/name.h"

namespace guest {

using kho::PhysAddr;
using kho::abi::luo_session_ser;

Errno LiveUpdate::deserialize(const LuoRoot &root) {
    if (phase_ == Phase::stopped)
        return noted(Errno::eopnotsupp, Place());
    if (deserialized_)
        return noted(deserialize_error_, deserialize_place_);
    if (phase_ == Phase::frozen)
        return noted(Errno::ebusy, Place());
    deserialized_ = true;
    deserialize_error_ = deserialize_all(root, deserialize_place_);
    if (deserialize_error_ != Errno::ok) {
        while (Session *session = incoming_.last()) {
            session->file_set.drop_entries(files_);
            remove(*session);
        }
        flbs_.forget_incoming();
    } else {
        release_incoming_areas(root);
    }
    return noted(deserialize_error_, deserialize_place_);
}

// The entries have everything.
void LiveUpdate::release_incoming_areas(const LuoRoot &root) {
    root.format->release(*files_.pages, root.sessions);
    flbs_.release_incoming_area();
}

Errno LiveUpdate::deserialize_all(const LuoRoot &root, Place &place) {
    if (root.flbs != PhysAddr{})
        if (const Errno error = flbs_.deserialize(root.flbs, place); error != Errno::ok)
            return error;
    const auto one = [&](const luo_session_ser &ser, std::uint64_t at) {
        return deserialize_one(ser, *root.format, at, place);
    };
    const Errno error =
        root.format->read_sessions(*files_.pages, root.sessions, limits_.sessions, one, place);
    return error == Errno::ok ? check_flbs(place) : error;
}

Errno LiveUpdate::deserialize_one(const luo_session_ser &ser, const LuoFormat &format, std::uint64_t at,
                                  Place &place) {
    const Errno error = add_incoming(ser, format, at, place);
    if (error != Errno::ok)
        name_session(place, {ser.name, sizeof(ser.name)});
    return error;
}

Errno LiveUpdate::check_flbs(Place &place) const {
    for (const Session *session = incoming_.first(); session != nullptr; session = session->next)
        for (const FileEntry *entry = session->file_set.files().first(); entry != nullptr;
             entry = entry->next)
            FlbSet::note_incoming_file(*entry->handler);
    return flbs_.check_references(place);
}

Errno LiveUpdate::add_incoming(const luo_session_ser &ser, const LuoFormat &format, std::uint64_t at,
                               Place &place) {
    const std::optional<std::string_view> name = terminated(ser.name);
    if (!name)
        return fail(place, Fault::session_name, at);
    if (find(*name, true) != nullptr)
        return fail(place, Fault::session_twice, at);
    const Result<Session *> session = add(*name, SessionState::incoming);
    if (!session)
        return fail(place, Fault::out_of_memory, at);
    return (*session)->file_set.deserialize(files_, ser.file_set, format, place);
}

Result<Session *> LiveUpdate::retrieve_session(std::string_view name) {
    if (phase_ == Phase::stopped)
        return noted(Errno::eopnotsupp, name);
    if (phase_ == Phase::frozen)
        return noted(Errno::ebusy, name);
    Session *session = find(name, true);
    if (session == nullptr)
        return noted(Errno::enoent, name);
    if (session->state == SessionState::retrieved)
        return noted(Errno::einval, name);
    session->state = SessionState::retrieved;
    static_cast<void>(noted(Errno::ok, name));
    return session;
}

Result<File *> LiveUpdate::retrieve(Session &session, std::uint64_t token) {
    Place place;
    Result<File *> file = may(Op::retrieve, session);
    if (file)
        file = session.file_set.retrieve(files_, token, place);
    if (!file) {
        name_session(place, session.name_view());
        place.in_file = true;
        place.token = token;
    }
    static_cast<void>(noted(file.error(), place));
    return file;
}

Errno LiveUpdate::finish(Session &session) {
    Place place;
    Errno error = may(Op::finish, session);
    if (error == Errno::ok)
        error = session.file_set.finish(files_, place);
    if (error != Errno::ok)
        name_session(place, session.name_view());
    return noted(error, place);
}

}  // namespace guest
