// SPDX-License-Identifier: GPL-2.0-or-later
// FLBs in the new kernel.
#include "guest/kho/preserve.h"
#include "guest/luo/flb_set.h"
#include "guest/luo/name.h"

namespace guest {

using kho::PhysAddr;
using kho::abi::luo_flb_header_ser;
using kho::abi::luo_flb_ser;

Errno FlbSet::deserialize(PhysAddr area, Place &place) {
    const std::uint64_t at = kho::value(area);
    if (const Result<unsigned> order = pages_->order_of(area); !pages_->is_incoming(area) || *order != 0)
        return fail(place, Fault::flb_area, at);
    if (pages_->claim(area) != Errno::ok)
        return fail(place, Fault::metadata_shared, at);
    incoming_area_ = area;
    handed_over_ = true;
    luo_flb_header_ser header{};
    static_cast<void>(pages_->window().load(area, header));
    if (header.pgcnt != kho::abi::flb_area_pages)
        return fail(place, Fault::flb_page_count, at, header.pgcnt);
    if (header.count > kho::abi::max_flbs)
        return fail(place, Fault::flb_count, at, header.count);
    for (std::uint64_t i = 0; i < header.count; i++)
        if (const Errno error = deserialize_one(i, place); error != Errno::ok) {
            place.index = i;
            return error;
        }
    return Errno::ok;
}

Errno FlbSet::deserialize_one(std::uint64_t i, Place &place) {
    const PhysAddr at = slot(incoming_area_, i);
    luo_flb_ser ser{};
    static_cast<void>(pages_->window().load(at, ser));
    const std::optional<std::string_view> name = terminated(ser.name);
    if (!name)
        return fail(place, Fault::flb_name, kho::value(at));
    if (is_twice(i, *name))
        return fail(place, Fault::flb_twice, kho::value(at));
    if (ser.count == 0 || ser.count > kho::abi::max_flb_references)
        return fail(place, Fault::flb_references, kho::value(at));
    Flb *flb = registry_->find_flb(*name);
    if (flb == nullptr) {
        unknown_++;
        return Errno::ok;
    }
    flb->incoming.state = FlbIncoming::known;
    flb->incoming.data = ser.data;
    flb->incoming.references = ser.count;
    flb->incoming.at = kho::value(at);
    if (flb->ops->check == nullptr)
        return Errno::ok;
    place.flb = flb->compatible;
    FlbOpArgs args{.flb = flb, .data = ser.data, .place = &place};
    if (const Errno error = flb->ops->check(args); error != Errno::ok) {
        if (!place)
            place.fault = Fault::handler_refused;
        if (place.address == 0)
            place.address = kho::value(at);
        return error;
    }
    place.flb = {};
    return Errno::ok;
}

void FlbSet::note_incoming_file(FileHandler &handler) {
    for (FlbLink *link = handler.flbs.first(); link != nullptr; link = link->next)
        link->flb->incoming.files++;
}

Errno FlbSet::check_references(Place &place) const {
    for (const Flb *flb = registry_->flbs().first(); flb != nullptr; flb = flb->next) {
        const bool absent = flb->incoming.state == FlbIncoming::absent && flb->incoming.files > 0;
        if (!absent && flb->incoming.files <= flb->incoming.references)
            continue;
        place.flb = flb->compatible;
        return absent ? fail(place, Fault::flb_missing, kho::value(incoming_area_))
                      : fail(place, Fault::flb_references, flb->incoming.at);
    }
    return Errno::ok;
}

// Of 63 entries at most.
bool FlbSet::is_twice(std::uint64_t i, std::string_view name) const {
    for (std::uint64_t k = 0; k < i; k++) {
        luo_flb_ser earlier{};
        static_cast<void>(pages_->window().load(slot(incoming_area_, k), earlier));
        if (terminated(earlier.name) == name)
            return true;
    }
    return false;
}

void FlbSet::release_incoming_area() {
    if (incoming_area_ != PhysAddr{})
        static_cast<void>(restore_free(*pages_, incoming_area_));
    incoming_area_ = PhysAddr{};
}

void FlbSet::forget_incoming() {
    for (Flb *flb = registry_->flbs().first(); flb != nullptr; flb = flb->next) flb->incoming = {};
    incoming_area_ = PhysAddr{};
    handed_over_ = false;
    unknown_ = 0;
}

Errno FlbSet::retrieve(Flb &flb) {
    if (flb.ops->pin != nullptr && !flb.ops->pin(flb))
        return Errno::enodev;
    Place nowhere;
    FlbOpArgs args{.flb = &flb, .data = flb.incoming.data, .place = &nowhere};
    if (const Errno error = flb.ops->retrieve(args); error != Errno::ok) {
        if (flb.ops->unpin != nullptr)
            flb.ops->unpin(flb);
        flb.incoming.state = FlbIncoming::failed;
        flb.incoming.error = error;
        return error;
    }
    flb.incoming.state = FlbIncoming::retrieved;
    flb.incoming.object = args.object;
    return Errno::ok;
}

Result<void *> FlbSet::get_incoming(Flb &flb) {
    switch (flb.incoming.state) {
        case FlbIncoming::absent:
            return handed_over_ ? Errno::enoent : Errno::enodata;
        case FlbIncoming::finished:
            return Errno::enodata;
        case FlbIncoming::failed:
            return flb.incoming.error;
        case FlbIncoming::known:
            if (const Errno error = retrieve(flb); error != Errno::ok)
                return error;
            break;
        case FlbIncoming::retrieved:
            break;
    }
    flb.incoming.references++;
    flb.incoming.users++;
    return flb.incoming.object;
}

Errno FlbSet::put_incoming(Flb &flb) {
    if (flb.incoming.users == 0)
        return Errno::einval;
    flb.incoming.users--;
    drop_incoming(flb);
    return Errno::ok;
}

// The object may not have been requested until now: only a retrieved one can be finished.
void FlbSet::drop_incoming(Flb &flb) {
    if (--flb.incoming.references > 0)
        return;
    if (flb.incoming.state == FlbIncoming::known)
        static_cast<void>(retrieve(flb));
    if (flb.incoming.state != FlbIncoming::retrieved)
        return;
    Place nowhere;
    FlbOpArgs args{.flb = &flb, .data = flb.incoming.data, .object = flb.incoming.object, .place = &nowhere};
    flb.ops->finish(args);
    flb.incoming = {};
    flb.incoming.state = FlbIncoming::finished;
    if (flb.ops->unpin != nullptr)
        flb.ops->unpin(flb);
}

void FlbSet::file_finish(FileHandler &handler) {
    for (FlbLink *link = handler.flbs.last(); link != nullptr; link = link->previous)
        drop_incoming(*link->flb);
}

}  // namespace guest
