// SPDX-License-Identifier: GPL-2.0-or-later
// The new kernel's side of the orchestrator.
#include <algorithm>

#include "guest/kho/preserve.h"
#include "guest/luo/live_update.h"
#include "guest/luo/name.h"

namespace guest {

using kho::PhysAddr;
using kho::abi::luo_session_header_ser;
using kho::abi::luo_session_ser;

Errno LiveUpdate::deserialize(PhysAddr header) {
    if (phase_ == Phase::stopped)
        return Errno::eopnotsupp;
    if (deserialized_)
        return deserialize_error_;
    if (phase_ == Phase::frozen)
        return Errno::ebusy;
    deserialized_ = true;
    place_ = Place();
    deserialize_error_ = deserialize_all(header);
    if (deserialize_error_ != Errno::ok) {
        while (Session *session = incoming_.last()) {
            session->file_set.drop_entries(files_);
            remove(*session);
        }
        return deserialize_error_;
    }
    // The entries have everything; the array goes.
    return deserialize_error_ = restore_free(*files_.pages, header);
}

Errno LiveUpdate::deserialize_all(PhysAddr header) {
    Pages &pages = *files_.pages;
    const Result<unsigned> order = pages.order_of(header);
    if (!pages.is_incoming(header) || *order != order_for(area_bytes()) || pages.claim(header) != Errno::ok)
        return fail(place_, Fault::session_area, kho::value(header));
    luo_session_header_ser head{};
    static_cast<void>(pages.window().load(header, head));
    if (head.count > limits_.sessions)
        return fail(place_, Fault::session_count, kho::value(header), head.count);
    for (std::uint64_t i = 0; i < head.count; i++) {
        const PhysAddr at = slot(header, i);
        luo_session_ser ser{};
        static_cast<void>(pages.window().load(at, ser));
        if (const Errno error = deserialize_one(ser, kho::value(at)); error != Errno::ok) {
            place_.in_session = true;
            std::copy_n(ser.name, sizeof(ser.name) - 1, place_.session);
            return error;
        }
    }
    return Errno::ok;
}

Errno LiveUpdate::deserialize_one(const luo_session_ser &ser, std::uint64_t at) {
    const std::optional<std::string_view> name = terminated(ser.name);
    if (!name)
        return fail(place_, Fault::session_name, at);
    if (find(*name, true) != nullptr)
        return fail(place_, Fault::session_twice, at);
    const Result<Session *> session = add(*name, SessionState::incoming);
    if (!session)
        return fail(place_, Fault::out_of_memory, at);
    return (*session)->file_set.deserialize(files_, ser.file_set, place_);
}

Result<Session *> LiveUpdate::retrieve_session(std::string_view name) {
    if (phase_ == Phase::stopped)
        return Errno::eopnotsupp;
    if (phase_ == Phase::frozen)
        return Errno::ebusy;
    Session *session = find(name, true);
    if (session == nullptr)
        return Errno::enoent;
    if (session->state == SessionState::retrieved)
        return Errno::einval;
    session->state = SessionState::retrieved;
    return session;
}

Result<File *> LiveUpdate::retrieve(Session &session, std::uint64_t token) {
    if (const Errno error = may(Op::retrieve, session); error != Errno::ok)
        return error;
    Place place;
    const Result<File *> file = session.file_set.retrieve(files_, token, place);
    if (!file) {
        place.in_session = place.in_file = true;
        std::copy_n(session.name, sizeof(session.name), place.session);
        place.token = token;
        place_ = place;
    }
    return file;
}

Errno LiveUpdate::finish(Session &session) {
    if (const Errno error = may(Op::finish, session); error != Errno::ok)
        return error;
    Place place;
    const Errno error = session.file_set.finish(files_, place);
    if (error != Errno::ok) {
        place.in_session = true;
        std::copy_n(session.name, sizeof(session.name), place.session);
        place_ = place;
    }
    return error;
}

}  // namespace guest
