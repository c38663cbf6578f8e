// SPDX-License-Identifier: GPL-2.0-or-later
// The old kernel's side, and what both sides share.
#include "guest/luo/live_update.h"

#include <algorithm>

#include "guest/kho/preserve.h"

namespace guest {

using kho::PhysAddr;
using kho::abi::luo_session_header_ser;
using kho::abi::luo_session_ser;

namespace {

std::uint64_t hash_of(std::string_view name, bool incoming) {
    std::uint64_t hash = incoming ? 1 : 2;
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return mix(hash);
}

}  // namespace

Errno LiveUpdate::noted(Errno error, const Place &place) {
    place_ = place;
    place_.error = error;
    return error;
}

Errno LiveUpdate::noted(Errno error, std::string_view session) {
    Place place;
    if (error != Errno::ok)
        name_session(place, session);
    return noted(error, place);
}

Errno LiveUpdate::start_with(Pages &pages, bool enabled, bool flbs, const LuoLimits &limits) {
    if (phase_ != Phase::stopped)
        return Errno::ebusy;
    registry_.init(pages, enabled, flbs);
    if (!enabled)
        return Errno::ok;
    limits_ = limits;
    files_.pages = &pages;
    files_.registry = &registry_;
    files_.flbs = &flbs_;
    files_.max_files = limits.files_per_set;
    files_.entries.init(pages);
    files_.by_token.init(pages);
    pool_.init(pages);
    by_name_.init(pages);
    const Result<PhysAddr> area = alloc_preserve(pages, area_bytes());
    if (!area)
        return area.error();
    if (const Errno error = flbs_.start(pages, registry_, flbs); error != Errno::ok) {
        static_cast<void>(unpreserve_free(pages, *area));
        return error;
    }
    header_ = *area;
    phase_ = Phase::running;
    return Errno::ok;
}

Errno LiveUpdate::stop() {
    if (phase_ == Phase::stopped)
        return Errno::ok;
    if (phase_ == Phase::frozen || !outgoing_.empty() || !incoming_.empty())
        return Errno::ebusy;
    if (const Errno error = flbs_.stop(); error != Errno::ok)
        return error;
    static_cast<void>(unpreserve_free(*files_.pages, header_));
    header_ = PhysAddr{};
    phase_ = Phase::stopped;
    return Errno::ok;
}

Errno LiveUpdate::may(Op op, const Session &session) const {
    if (phase_ == Phase::stopped)
        return Errno::eopnotsupp;
    // By operation: outgoing, incoming, retrieved.
    static constexpr bool allowed[4][3] = {
        {true, false, false},  // preserve
        {false, false, true},  // retrieve
        {false, false, true},  // finish
        {true, false, true},   // release
    };
    if (!allowed[static_cast<unsigned>(op)][static_cast<unsigned>(session.state)])
        return Errno::einval;
    return phase_ == Phase::frozen ? Errno::ebusy : Errno::ok;
}

Session *LiveUpdate::find(std::string_view name, bool incoming) const {
    return by_name_.find(hash_of(name, incoming), [&](const Session &session) {
        return (session.state != SessionState::outgoing) == incoming && session.name_view() == name;
    });
}

Result<Session *> LiveUpdate::add(std::string_view name, SessionState state) {
    Session *session = pool_.create();
    if (session == nullptr)
        return Errno::enomem;
    session->state = state;
    std::copy_n(name.data(), name.size(), session->name);
    const bool incoming = state != SessionState::outgoing;
    if (const Errno error = by_name_.insert(*session, hash_of(name, incoming)); error != Errno::ok) {
        pool_.destroy(session);
        return error;
    }
    (incoming ? incoming_ : outgoing_).append(*session);
    registry_.session_added();
    return session;
}

void LiveUpdate::remove(Session &session) {
    (session.state == SessionState::outgoing ? outgoing_ : incoming_).remove(session);
    by_name_.erase(session);
    pool_.destroy(&session);
    registry_.session_removed();
}

Result<Session *> LiveUpdate::create_session(std::string_view name) {
    const Result<Session *> session = create(name);
    static_cast<void>(noted(session.error(), name));
    return session;
}

Result<Session *> LiveUpdate::create(std::string_view name) {
    if (phase_ == Phase::stopped)
        return Errno::eopnotsupp;
    if (name.empty() || name.size() >= sizeof(luo_session_ser::name) ||
        name.find('\0') != std::string_view::npos)
        return Errno::einval;
    if (phase_ == Phase::frozen)
        return Errno::ebusy;
    if (outgoing_.count() >= limits_.sessions)
        return Errno::enospc;
    if (find(name, false) != nullptr)
        return Errno::eexist;
    return add(name, SessionState::outgoing);
}

Errno LiveUpdate::preserve(Session &session, std::uint64_t token, File *file) {
    Place place;
    Errno error = may(Op::preserve, session);
    if (error == Errno::ok)
        error = session.file_set.preserve(files_, token, file, place);
    if (error != Errno::ok) {
        name_session(place, session.name_view());
        place.in_file = true;
        place.token = token;
    }
    return noted(error, place);
}

Errno LiveUpdate::release(Session &session) {
    if (const Errno error = may(Op::release, session); error != Errno::ok)
        return noted(error, session.name_view());
    if (session.state == SessionState::retrieved) {
        if (const Errno error = finish(session); error != Errno::ok)
            return error;
    } else {
        session.file_set.unpreserve_all(files_);
    }
    remove(session);
    return noted(Errno::ok, Place());
}

Errno LiveUpdate::serialize() {
    if (phase_ != Phase::running)
        return noted(phase_ == Phase::frozen ? Errno::ebusy : Errno::eopnotsupp, Place());
    const PhysicalWindow &window = files_.pages->window();
    std::uint64_t i = 0;
    for (Session *session = outgoing_.first(); session != nullptr; session = session->next, i++) {
        luo_session_ser ser{};
        Place place;
        if (const Errno error = session->file_set.freeze(files_, ser.file_set, place); error != Errno::ok) {
            name_session(place, session->name_view());
            for (Session *s = session->previous; s != nullptr; s = s->previous) s->file_set.unfreeze(files_);
            zero_words(files_.pages->bytes(header_, area_bytes()), area_bytes());
            return noted(error, place);
        }
        std::copy_n(session->name, sizeof(ser.name), ser.name);
        static_cast<void>(window.store(session_slot(header_, i), ser));
    }
    static_cast<void>(window.store(header_, luo_session_header_ser{.count = i}));
    flbs_.serialize();
    phase_ = Phase::frozen;
    return noted(Errno::ok, Place());
}

Errno LiveUpdate::unserialize() {
    if (phase_ != Phase::frozen)
        return noted(Errno::einval, Place());
    for (Session *session = outgoing_.last(); session != nullptr; session = session->previous)
        session->file_set.unfreeze(files_);
    zero_words(files_.pages->bytes(header_, area_bytes()), area_bytes());
    flbs_.unserialize();
    phase_ = Phase::running;
    return noted(Errno::ok, Place());
}

Errno LiveUpdate::may_use_flbs() const {
    if (phase_ == Phase::stopped)
        return Errno::eopnotsupp;
    return phase_ == Phase::frozen ? Errno::ebusy : Errno::ok;
}

Result<void *> LiveUpdate::told_of_flb(const Flb &flb, const Result<void *> &object) {
    Place place;
    if (!object)
        place.flb = flb.compatible;
    static_cast<void>(noted(object.error(), place));
    return object;
}

Result<void *> LiveUpdate::get_outgoing(Flb &flb) {
    const Errno error = may_use_flbs();
    return told_of_flb(flb, error == Errno::ok ? flbs_.get_outgoing(flb) : error);
}

Errno LiveUpdate::put_outgoing(Flb &flb) {
    const Errno error = may_use_flbs();
    return told_of_flb(flb, error == Errno::ok ? flbs_.put_outgoing(flb) : error).error();
}

Result<void *> LiveUpdate::get_incoming(Flb &flb) {
    const Errno error = may_use_flbs();
    return told_of_flb(flb, error == Errno::ok ? flbs_.get_incoming(flb) : error);
}

Errno LiveUpdate::put_incoming(Flb &flb) {
    const Errno error = may_use_flbs();
    return told_of_flb(flb, error == Errno::ok ? flbs_.put_incoming(flb) : error).error();
}

bool LiveUpdate::serialized_is_clear() const {
    const auto clear = [&](PhysAddr area, std::uint64_t bytes) {
        return area == PhysAddr{} || all_zero(files_.pages->bytes(area, bytes), bytes);
    };
    for (const Session *session = outgoing_.first(); session != nullptr; session = session->next)
        if (!clear(session->file_set.area(), files_.area_bytes()))
            return false;
    return clear(header_, area_bytes()) && flbs_.serialized_is_clear();
}

}  // namespace guest
