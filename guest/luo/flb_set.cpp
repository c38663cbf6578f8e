// SPDX-License-Identifier: GPL-2.0-or-later
// FLBs in the old kernel.
#include "guest/luo/flb_set.h"

#include <algorithm>

#include "guest/kho/preserve.h"
#include "guest/kho/words.h"

namespace guest {

using kho::PhysAddr;
using kho::abi::luo_flb_header_ser;
using kho::abi::luo_flb_ser;

namespace {

constexpr std::uint64_t area_bytes = kho::abi::flb_area_pages * kho::page_size;

}  // namespace

Errno FlbSet::start(Pages &pages, const Registry &registry, bool with_area) {
    pages_ = &pages;
    registry_ = &registry;
    if (!with_area)
        return Errno::ok;
    const Result<PhysAddr> area = alloc_preserve(pages, area_bytes);
    if (!area)
        return area.error();
    area_ = *area;
    unserialize();
    return Errno::ok;
}

Errno FlbSet::stop() {
    for (const Flb *flb = registry_->flbs().first(); flb != nullptr; flb = flb->next)
        if (Registry::in_use(*flb))
            return Errno::ebusy;
    if (area_ != PhysAddr{})
        static_cast<void>(unpreserve_free(*pages_, area_));
    area_ = PhysAddr{};
    return Errno::ok;
}

Errno FlbSet::preserve_one(Flb &flb, Place &place) {
    if (flb.outgoing.references == 0) {
        if (flb.ops->pin != nullptr && !flb.ops->pin(flb))
            return Errno::enodev;
        FlbOpArgs args{.flb = &flb, .place = &place};
        if (const Errno error = flb.ops->preserve(args); error != Errno::ok) {
            if (flb.ops->unpin != nullptr)
                flb.ops->unpin(flb);
            return error;
        }
        flb.outgoing.data = args.data;
        flb.outgoing.object = args.object;
    }
    flb.outgoing.references++;
    return Errno::ok;
}

Errno FlbSet::file_preserve(FileHandler &handler, Place &place) {
    for (FlbLink *link = handler.flbs.first(); link != nullptr; link = link->next) {
        if (const Errno error = preserve_one(*link->flb, place); error != Errno::ok) {
            while ((link = link->previous) != nullptr) drop_outgoing(*link->flb);
            return error;
        }
    }
    return Errno::ok;
}

void FlbSet::file_unpreserve(FileHandler &handler) {
    for (FlbLink *link = handler.flbs.last(); link != nullptr; link = link->previous)
        drop_outgoing(*link->flb);
}

Result<void *> FlbSet::get_outgoing(Flb &flb) {
    if (flb.outgoing.references == 0)
        return Errno::enoent;
    flb.outgoing.references++;
    flb.outgoing.users++;
    return flb.outgoing.object;
}

Errno FlbSet::put_outgoing(Flb &flb) {
    if (flb.outgoing.users == 0)
        return Errno::einval;
    flb.outgoing.users--;
    drop_outgoing(flb);
    return Errno::ok;
}

void FlbSet::drop_outgoing(Flb &flb) {
    if (--flb.outgoing.references > 0)
        return;
    Place nowhere;
    FlbOpArgs args{.flb = &flb, .data = flb.outgoing.data, .object = flb.outgoing.object, .place = &nowhere};
    flb.ops->unpreserve(args);
    flb.outgoing = {};
    if (flb.ops->unpin != nullptr)
        flb.ops->unpin(flb);
}

// A preserved FLB is written whatever keeps it so; the next kernel needs its number of references to know when
// it ends.
void FlbSet::serialize() {
    if (area_ == PhysAddr{})
        return;
    const PhysicalWindow &window = pages_->window();
    std::uint64_t count = 0;
    for (const Flb *flb = registry_->flbs().first(); flb != nullptr; flb = flb->next) {
        if (flb->outgoing.references == 0)
            continue;
        luo_flb_ser ser{};
        std::copy_n(flb->compatible.data(), flb->compatible.size(), ser.name);
        ser.data = flb->outgoing.data;
        ser.count = flb->outgoing.references;
        static_cast<void>(window.store(slot(area_, count), ser));
        count++;
    }
    static_cast<void>(
        window.store(area_, luo_flb_header_ser{.pgcnt = kho::abi::flb_area_pages, .count = count}));
}

void FlbSet::unserialize() {
    if (area_ == PhysAddr{})
        return;
    zero_words(pages_->bytes(area_, area_bytes), area_bytes);
    static_cast<void>(
        pages_->window().store(area_, luo_flb_header_ser{.pgcnt = kho::abi::flb_area_pages, .count = 0}));
}

bool FlbSet::serialized_is_clear() const {
    if (area_ == PhysAddr{})
        return true;
    luo_flb_header_ser header{};
    constexpr std::uint64_t behind = sizeof(header);
    return pages_->window().load(area_, header) && header.pgcnt == kho::abi::flb_area_pages &&
           header.count == 0 &&
           all_zero(pages_->bytes(area_ + behind, area_bytes - behind), area_bytes - behind);
}

}  // namespace guest
